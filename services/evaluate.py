"""Measures the detectors on real curves: false alarms, thefts among homes and in areas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.evaluate_areas import DRAWS, HONEST_AREAS, SHORT_DRAWS, areas_run
from services.evaluate_attacks import SEEDS, attack_run, parted
from services.evaluate_clean import CleanFigures, clean_run
from services.evaluate_curves import read_curves, read_homes
from services.evaluate_sequence import detectors_run, sequential_run
from services.settings import load_settings

STEPS: Final = 11
Attacks = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What was measured."""

    clean: Mapping[str, CleanFigures]
    attacks: Attacks
    areas: Mapping[str, object]
    """Thieves looked for by the line loss of their area."""

    def as_json(self) -> Mapping[str, object]:
        """Return the form that ``--json`` prints (DESIGN section 6)."""
        return {
            "clean": {name: figures.as_json() for name, figures in self.clean.items()},
            "attacks": self.attacks,
            "areas": self.areas,
        }


def evaluate(
    folder: Path | None = None,
    *,
    short: bool = False,
    begin: Callable[[str], None] = lambda _step: None,
) -> Evaluation:
    """Run every registered detector over real curves, as they are and with injected thefts.

    Args:
        folder: Of the real curves; by default the one that the settings name.
        short: With one seed instead of six: quicker, and rougher.
        begin: Called with each step as it begins.

    Raises:
        ConfigError: If the curves are not there.
    """
    settings = load_settings()
    threads = settings.detect_threads
    data = folder or settings.test_data
    seeds = SEEDS[:1] if short else SEEDS
    homes = read_homes(data)
    clean = clean_run(read_curves(data), threads=threads, begin=begin)
    tuning, reporting = parted(homes)
    attacks = attack_run(homes, seeds=seeds, threads=threads, begin=begin)
    begin("attack run: day by day")
    sequential = sequential_run(tuning, reporting, seeds=seeds, threads=threads)
    begin("attack run: every detector of use")
    by_detector = detectors_run(reporting, seed=seeds[0], threads=threads)
    areas = areas_run(
        homes,
        draws=SHORT_DRAWS if short else DRAWS,
        honest_areas=2 * SHORT_DRAWS if short else HONEST_AREAS,
        threads=threads,
        begin=begin,
    )
    return Evaluation(
        clean=clean,
        attacks={**attacks, "sequential": sequential, "by_detector": by_detector},
        areas=areas,
    )
