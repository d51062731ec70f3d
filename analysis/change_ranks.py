"""Ranks meters by how unusual their changes are among their like, with nothing learnt (Fisher's combination).

For each feature of change a meter gets the share of the fleet that changed at least as much. The logarithms
of these shares add up to its score (R. A. Fisher, Statistical Methods for Research Workers, section 21.1). A
share is never below one in the fleet, whatever a meter did; so beyond nine tenths of the fleet it follows the
exponential tail that the upper half of the fleet shows, down to ``e ** -MOST``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.change_features import FEATURES, changes
from analysis.habits import Floats, at_share, habits

TAIL_FROM: Final = 0.9
"""Share of the fleet after which the tail takes over from the rank."""
MOST: Final = 12.0
"""What one feature may add: a chance of one in 160 000."""
LEAST_METERS: Final = 20
"""A smaller fleet says nothing of what is usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRanks:
    """What changed at each meter, and how unusual that is; NaN where too little is known."""

    scores: Floats
    """Sum of the surprises, shape (meters,)."""
    changes: Mapping[str, Floats]
    """Features as they are."""
    surprises: Mapping[str, Floats]
    """-ln of the share of the fleet that changed as much, by feature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One feature of one meter, for the evidence of a case."""

    feature: str
    change: float
    surprise: float
    """-ln of the share of meters with as much of it; 4.6 is one in a hundred."""

    fleet: int
    """Meters that it is compared with: nothing rarer than one among them is claimed."""

    @property
    def message(self) -> str:
        """Return the key of the sentence that says it (``pipeline.messages``)."""
        return f"episode.change_{self.feature}"

    @property
    def parameters(self) -> Mapping[str, float]:
        """Return what the sentence is filled with."""
        return {
            "one_in": round(min(float(np.exp(self.surprise)), float(self.fleet)), 1),
            "amount": round(FEATURES[self.feature].amount(self.change), 3),
        }


def change_ranks(before_kwh: Floats, after_kwh: Floats, step_kwh: float = 0.01) -> ChangeRanks:
    """Rank a fleet by its changes from one stretch of weeks to the next.

    Args:
        before_kwh: Energy of each slot, shape (meters, days, slots of a day), NaN where missing.
        after_kwh: The same of the stretch that is judged.
        step_kwh: What the meters count in.

    Meters of one class, of one season, at one place: what all of them do is nothing unusual.
    """
    return ranked(changes(habits(before_kwh, step_kwh), habits(after_kwh, step_kwh)))


def ranked(features: Mapping[str, Floats]) -> ChangeRanks:
    """Rank a fleet by features that are known already, all or some of :data:`FEATURES`."""
    surprises = {name: surprise(column, FEATURES[name].least) for name, column in features.items()}
    return ChangeRanks(
        scores=np.sum(list(surprises.values()), axis=0), changes=dict(features), surprises=surprises
    )


def surprise(feature: Floats, least: float) -> Floats:
    """Return -ln of the share of the fleet that has as much of a feature; NaN in a fleet that is too small.

    Of equal meters each gets the middle of their ranks, so that the order of the meters changes nothing.
    """
    known = np.isfinite(feature)
    count = int(known.sum())
    surprises = np.full(len(feature), np.nan)
    if count < LEAST_METERS:
        return surprises
    values = feature[known]
    by_size = np.sort(values)
    above = count - np.searchsorted(by_size, values, side="right")
    equal = count - above - np.searchsorted(by_size, values, side="left")
    by_rank = -np.log((above + equal / 2.0) / count)
    middle, end = (float(at_share(by_size[None, :], share)[0]) for share in (0.5, TAIL_FROM))
    at_end, at_middle = -np.log(1.0 - TAIL_FROM), np.log(2.0)
    slope = (at_end - at_middle) / max(end - middle, least)
    in_tail = np.minimum(at_end + slope * (values - end), MOST)
    surprises[known] = np.where(values > end, in_tail, np.minimum(by_rank, at_end))
    return surprises


def reasons(ranks: ChangeRanks, row: int, most: int = 3) -> Sequence[Reason]:
    """Return what makes a meter stand out, the most unusual first; nothing that half of the fleet has."""
    found = [
        Reason(
            feature=name,
            change=float(ranks.changes[name][row]),
            surprise=float(column[row]),
            fleet=int(np.isfinite(column).sum()),
        )
        for name, column in ranks.surprises.items()
        if column[row] > np.log(2.0)
    ]
    return sorted(found, key=lambda reason: -reason.surprise)[:most]
