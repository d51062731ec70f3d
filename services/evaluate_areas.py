"""The area run: one thief in an area of thirty, looked for by the line loss; and areas without any.

On some homes the ranking and its limits were set, on the others they are reported. Nobody tells it who
steals, how, since when, or whether anybody does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from analysis.area_losses import area_losses
from analysis.line_loss import AreaLoss
from detectors import engine
from detectors.register_days import register_flows_kwh
from services.evaluate_area_draws import MEMBERS, THEFT_DAYS, AreaDraw, draw_area
from services.evaluate_attacks import parted
from services.evaluate_curves import Homes
from simulators.theft_attacks import LESS_ENERGY

DRAWS: Final = 20
"""Of each kind of theft."""
SHORT_DRAWS: Final = 3
HONEST_AREAS: Final = 40
TOP: Final = 3
LEAST_PERCENT: Final = 0.5
"""Of the energy in: thefts from here on are told apart, the detector's floor."""
DETECTORS: Final = ("area_balance", "loss_rise", "ntl_attribution")
OF_AREA: Final = frozenset({"area_balance", "loss_rise"})
"""Of them, those that say nothing of a member: their episodes stand at the supply meter."""
_THEFT, _LOOK_ALIKE, _HONEST, _ROUGH = 11, 12, 13, 14
"""Parts of the seeds: each run draws its own areas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was found in one area with a thief."""

    rank: int | None
    """Of the thief; None if he was not ranked."""
    has_risen: bool
    """Whether the loss was said to have risen."""
    days_off: int | None
    """How many days too late it was dated."""
    detected: Mapping[str, bool]
    """Whether a detector at its defaults had an episode: of the area, or of the thief."""
    stolen_percent: float


def areas_run(
    homes: Homes,
    *,
    draws: int = DRAWS,
    honest_areas: int = HONEST_AREAS,
    threads: int = 1,
    begin: Callable[[str], None] = lambda _step: None,
) -> dict[str, object]:
    """Return the figures of the homes for reporting, and the headline of those for tuning."""
    tuning, reporting = parted(homes)
    begin("areas: thieves among thirty")
    with ThreadPoolExecutor(threads) as pool:

        def run(of: Homes, part: int) -> dict[str, list[Looked]]:
            look = partial(_look, of, part)
            asked = [(kind, draw) for kind in LESS_ENERGY for draw in range(draws)]
            found = list(pool.map(look, asked))
            return {
                kind: [one for (own, _), one in zip(asked, found, strict=True) if own == kind]
                for kind in LESS_ENERGY
            }

        alone, beside, rough = (run(reporting, part) for part in (_THEFT, _LOOK_ALIKE, _ROUGH))
        on_tuning = run(tuning, _THEFT)
        raised = list(pool.map(partial(_honest, reporting), range(honest_areas)))
    return {
        "members": min(MEMBERS, len(reporting.names)),
        "homes": len(reporting.names),
        "tuning_homes": len(tuning.names),
        "draws_of_each_type": draws,
        "theft_days": list(THEFT_DAYS),
        "learnt": "nothing",
        **_figures([one for own in alone.values() for one in own]),
        "by_type": {kind: _figures(own) for kind, own in alone.items()},
        "beside_an_empty_home": {
            **_figures([one for own in beside.values() for one in own]),
            "by_type": {kind: _figures(own) for kind, own in beside.items()},
        },
        "with_twice_the_noise": _figures([one for own in rough.values() for one in own]),
        "tuning": _figures([one for own in on_tuning.values() for one in own]),
        "without_thief": {
            "areas": honest_areas,
            "with_an_empty_home": honest_areas // 2,
            "cases": sum(any(own.values()) for own in raised),
            **{name: sum(own[name] for own in raised) for name in raised[0]},
        },
    }


def _look(homes: Homes, part: int, asked: tuple[str, int]) -> Looked:
    kind, draw = asked
    random = np.random.default_rng([part, LESS_ENERGY.index(kind), draw])
    drawn = draw_area(
        homes, random, kind, look_alike=part == _LOOK_ALIKE, noise=2.0 if part == _ROUGH else 1.0
    )
    found = loss_of(drawn)
    first = len(found.days) - drawn.theft_days
    episodes = engine.run(drawn.window, drawn.registry, only=DETECTORS)
    return Looked(
        rank=next((s.rank for s in found.suspects if s.service_point == drawn.thief), None),
        has_risen=found.rise is not None,
        days_off=None if found.rise is None else found.rise.first - first,
        detected={
            name: any(
                e.detector == name and (name in OF_AREA or e.service_point == drawn.thief) for e in episodes
            )
            for name in DETECTORS
        },
        stolen_percent=drawn.stolen_percent,
    )


def _honest(homes: Homes, draw: int) -> dict[str, bool]:
    """Return what was raised in an area without a thief; in every other one a home stands empty."""
    random = np.random.default_rng([_HONEST, draw])
    drawn = draw_area(homes, random, None, look_alike=draw % 2 == 1)
    episodes = engine.run(drawn.window, drawn.registry, only=DETECTORS)
    raised = {name: any(e.detector == name for e in episodes) for name in DETECTORS}
    return {"rises": loss_of(drawn).rise is not None, **raised}


def loss_of(drawn: AreaDraw) -> AreaLoss:
    """Return the line loss of a drawn area."""
    window = drawn.window
    assert window.daily is not None  # noqa: S101 - drawn areas come with their days
    flows = register_flows_kwh(window, window.daily, drawn.registry)
    (found,) = area_losses(window, window.daily, drawn.registry, flows)
    return found


def _figures(looked: Sequence[Looked]) -> dict[str, float | int | None]:
    top = np.array([one.rank is not None and one.rank <= TOP for one in looked])
    risen = np.array([one.has_risen for one in looked])
    great = np.array([one.stolen_percent >= LEAST_PERCENT for one in looked])
    offs = [abs(one.days_off) for one in looked if one.days_off is not None]
    return {
        "draws": len(looked),
        "top3": _share(top),
        "first": _share(np.array([one.rank == 1 for one in looked])),
        "risen": _share(risen),
        "risen_and_top3": _share(risen & top),
        "of_half_a_percent": int(great.sum()),
        "risen_of_half_a_percent": _share(risen[great]),
        "median_days_off": float(np.median(offs)) if offs else None,
        "median_stolen_percent": round(float(np.median([one.stolen_percent for one in looked])), 2),
        **{name: _share(np.array([one.detected[name] for one in looked])) for name in DETECTORS},
    }


def _share(which: np.ndarray) -> float | None:
    return round(float(which.mean()), 3) if len(which) else None
