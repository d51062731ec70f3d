"""The attack run: injected thefts among honest homes, ranked by their change, with the prevalence beside.

The homes are parted once: on some the ranking was designed, on the others it is reported. With each seed
every home is attacked once, a twentieth of them at a time, while all others are honest. Figures are means
over these draws; nothing is learnt from any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.change_features import FEATURES, changes
from analysis.change_ranks import ranked
from analysis.evaluation_figures import average_precision, precision_at
from analysis.habits import habits
from services.evaluate_curves import Homes
from simulators.theft_attacks import ATTACKS, LESS_ENERGY, attacked

Floats = NDArray[np.float64]
Features = Mapping[str, Floats]
SEEDS: Final = (1, 2, 3, 4, 5, 6)
SHARE: Final = 0.05
DAYS_BEFORE: Final = 28
"""Four weeks before the attacks, then three weeks of them."""
MIX: Final = "mix"
"""h1 to h6, one after the other."""
ONE_LINE: Final = "one line"
"""-log(mean energy now / mean energy before): what any method must beat."""
TUNING_SHARE: Final = 0.508
_GOLDEN: Final = 2_654_435_761
"""Knuth's multiplicative hash: parts the homes by their pseudonym alone, whichever of them are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Means over the draws of one kind of attack."""

    pr_auc: float
    one_line_pr_auc: float
    precision_at_k: float
    one_line_precision_at_k: float

    def as_json(self) -> dict[str, float]:
        """Return the form that ``--json`` prints."""
        return {
            "pr_auc": round(self.pr_auc, 3),
            "one_line_pr_auc": round(self.one_line_pr_auc, 3),
            "precision_at_k": round(self.precision_at_k, 3),
            "one_line_precision_at_k": round(self.one_line_precision_at_k, 3),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Attacked:
    """The homes under every kind of attack, with one seed."""

    kwh: Mapping[str, Floats]
    """By kind; shape (homes, days after, slots)."""
    order: NDArray[np.intp]
    """In which the homes are attacked, so many at a time."""

    def draws(self, k: int) -> Iterator[NDArray[np.bool_]]:
        """Yield which homes are attacked; homes that fill no draw are left honest."""
        for first in range(0, len(self.order) - k + 1, k):
            chosen = np.zeros(len(self.order), dtype=np.bool_)
            chosen[self.order[first : first + k]] = True
            yield chosen


def parted(homes: Homes) -> tuple[Homes, Homes]:
    """Return the homes for tuning and those for reporting."""
    numbers = np.array([int(name.rpartition("-")[2]) for name in homes.names], dtype=np.int64)
    is_tuning = numbers * _GOLDEN % 2**32 < TUNING_SHARE * 2**32
    return homes.part(is_tuning), homes.part(~is_tuning)


def number_attacked(homes: Homes) -> int:
    """Return how many homes are attacked at a time."""
    return max(round(SHARE * len(homes.names)), 1)


def under_attack(homes: Homes, seed: int) -> Attacked:
    """Return the homes under every kind of attack; the mix has the kinds in turn."""
    random = np.random.default_rng([seed, 7])
    before, after = homes.kwh[:, :DAYS_BEFORE], homes.kwh[:, DAYS_BEFORE:]
    kwh = {kind: attacked(kind, before, after, random) for kind in ATTACKS}
    order = random.permutation(len(homes.names))
    mix = after.copy()
    for place, home in enumerate(order):
        mix[home] = kwh[LESS_ENERGY[place % len(LESS_ENERGY)]][home]
    return Attacked(kwh={MIX: mix, **kwh}, order=order)


def attack_run(
    homes: Homes,
    *,
    seeds: Sequence[int] = SEEDS,
    threads: int = 1,
    begin: Callable[[str], None] = lambda _step: None,
) -> Mapping[str, object]:
    """Return the figures of the homes for reporting, and what each feature adds on those for tuning."""
    tuning, reporting = parted(homes)
    begin("attack run: homes for reporting")
    by_seed = _over_seeds(partial(_measured, reporting, tuple(FEATURES)), seeds, threads)
    total = {kind: _mean([one[kind] for one in by_seed]) for kind in by_seed[0]}
    begin("attack run: what each feature adds")
    names = tuple(FEATURES)
    kept = {"": names} | {name: tuple(n for n in names if n != name) for name in names}
    on_tuning = {
        left_out: _mean([one[MIX] for one in _over_seeds(partial(_mixed, tuning, used), seeds[:2], threads)])
        for left_out, used in kept.items()
    }
    k = number_attacked(reporting)
    return {
        **total[MIX].as_json(),
        "pr_auc_by_seed": [round(one[MIX].pr_auc, 3) for one in by_seed],
        "prevalence": round(k / len(reporting.names), 4),
        "k": k,
        "homes": len(reporting.names),
        "tuning_homes": len(tuning.names),
        "seeds": list(seeds),
        "learnt": "nothing",
        "by_type": {kind: figures.as_json() for kind, figures in total.items() if kind != MIX},
        "features": {
            "tuning_pr_auc": round(on_tuning[""].pr_auc, 3),
            "tuning_pr_auc_without": {name: round(on_tuning[name].pr_auc, 3) for name in names},
        },
    }


def _over_seeds(
    measured: Callable[[int], dict[str, Figures]], seeds: Sequence[int], threads: int
) -> list[dict[str, Figures]]:
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(measured, seeds))


def _measured(homes: Homes, used: Sequence[str], seed: int) -> dict[str, Figures]:
    """Return the figures of every kind of attack with one seed."""
    return _of_kinds(homes, under_attack(homes, seed), used, (MIX, *ATTACKS))


def _mixed(homes: Homes, used: Sequence[str], seed: int) -> dict[str, Figures]:
    """Return the figures of the mix alone."""
    return _of_kinds(homes, under_attack(homes, seed), used, (MIX,))


def _of_kinds(homes: Homes, under: Attacked, used: Sequence[str], kinds: Sequence[str]) -> dict[str, Figures]:
    """Return the figures over all draws; what a home changes is worked out once, honest and attacked."""
    before, after = homes.kwh[:, :DAYS_BEFORE], homes.kwh[:, DAYS_BEFORE:]
    usual = habits(before)
    honest = _features(before, after, {**changes(usual, habits(after))}, used)
    found = {}
    for kind in kinds:
        theirs = _features(before, under.kwh[kind], {**changes(usual, habits(under.kwh[kind]))}, used)
        rows = []
        for chosen in under.draws(number_attacked(homes)):
            mixed = {name: np.where(chosen, theirs[name], honest[name]) for name in honest}
            line = mixed.pop(ONE_LINE)
            rows.append(_judged(ranked(mixed).scores, line, chosen))
        found[kind] = _mean(rows)
    return found


def _features(before: Floats, after: Floats, every: Features, used: Sequence[str]) -> dict[str, Floats]:
    mean_before, mean_after = before.mean(axis=(1, 2)), after.mean(axis=(1, 2))
    line = -np.log(np.maximum(mean_after, 1e-9) / mean_before)
    return {name: every[name] for name in used} | {ONE_LINE: line}


def _judged(scores: Floats, line: Floats, chosen: NDArray[np.bool_]) -> Figures:
    k = int(chosen.sum())
    return Figures(
        pr_auc=average_precision(scores, chosen),
        one_line_pr_auc=average_precision(line, chosen),
        precision_at_k=precision_at(k, scores, chosen),
        one_line_precision_at_k=precision_at(k, line, chosen),
    )


def _mean(rows: Sequence[Figures]) -> Figures:
    return Figures(
        pr_auc=float(np.mean([row.pr_auc for row in rows])),
        one_line_pr_auc=float(np.mean([row.one_line_pr_auc for row in rows])),
        precision_at_k=float(np.mean([row.precision_at_k for row in rows])),
        one_line_precision_at_k=float(np.mean([row.one_line_precision_at_k for row in rows])),
    )
