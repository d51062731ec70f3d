"""Whom to look at where an area loses more than before (线损嫌疑户): the loss joined with changes of use.

Nothing is learnt from thefts. Two questions are asked of each member, and the logarithms of their answers
add up: how unusual is what changed in his own use among his neighbours (:mod:`analysis.change_ranks`: level,
base, peaks, zero windows, caps, shape), and how much surer does he make us of the loss, slot by slot, if it
is his (:func:`analysis.loss_shares.alone`: a share of what he reports, what he reports less than before).
What other findings say of him, such as a voltage that falls without load, is added as it is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analysis.change_features import changes
from analysis.change_ranks import ChangeRanks, Reason, ranked, reasons
from analysis.habits import habits
from analysis.loss_shares import alone

Floats = NDArray[np.float64]
MOST_CHANGE = 30.0
"""What change of use may add, approached ever more slowly: an empty home changes as much as a thief's."""
MOST_GAIN = 24.0
"""What the loss itself may add: twice as much as one feature of change."""
ALIKE_HOURS = 3.0
"""Hours of so long count as one: loads go on for about that long."""
HOURS = 24
MOST_REASONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What another rule found of a member in the days of the loss."""

    message: str
    """Key of its sentence."""
    parameters: Mapping[str, float | int | str]
    weight: float
    """Added to the score: 0 to 12, as one feature of change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A member of the area, with what speaks against him."""

    service_point: str
    rank: int
    score: float
    """Sum of what follows."""
    change_score: float
    """Of his own use among his neighbours'; 0 where too few of them are known."""
    loss_score: float
    """How much surer he makes us of the loss, ln."""
    explained_kwh: float
    """Of the loss, if he is the only one."""
    less_kwh: float
    """Less metered than on the days before at the same hours; below 0 it is more."""
    changes: Sequence[Reason] = ()
    hints: Sequence[Hint] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberDays:
    """Energies by local days, NaN where unknown."""

    members: Sequence[str]
    before_kwh: Floats
    """Net use, shape (members, days, slots of a day); what is fed in counts as no use."""
    since_kwh: Floats
    unexplained_kwh: Floats
    """Loss beyond the technical one since then, shape (days, slots of a day)."""
    step_kwh: float = 0.01
    """What the meters count in."""
    hints: Mapping[str, Sequence[Hint]] = field(default_factory=dict)
    """By service point."""


def suspects(days: MemberDays, most: int | None = None) -> list[Suspect]:
    """Return the members, the most suspect first; all of them, or the first so many.

    The order of the members changes nothing: equal ones stand by their names.
    """
    if not len(days.members):
        return []
    before, since = days.before_kwh.clip(0.0), days.since_kwh.clip(0.0)
    ranks = ranked(changes(habits(before, days.step_kwh), habits(since, days.step_kwh)))
    change = MOST_CHANGE * (1.0 - np.exp(-np.nan_to_num(ranks.scores) / MOST_CHANGE))
    explained, loss, less = _against_the_loss(before, since, days.unexplained_kwh)
    hints = [tuple(days.hints.get(member, ())) for member in days.members]
    score = change + loss + np.array([sum(hint.weight for hint in own) for own in hints])
    order = sorted(range(len(days.members)), key=lambda row: (-score[row], days.members[row]))
    return [
        Suspect(
            service_point=days.members[row],
            rank=rank,
            score=float(score[row]),
            change_score=float(change[row]),
            loss_score=float(loss[row]),
            explained_kwh=float(explained[row]),
            less_kwh=float(less[row]),
            changes=_changes(ranks, row),
            hints=hints[row],
        )
        for rank, row in enumerate(order[:most], start=1)
    ]


def _changes(ranks: ChangeRanks, row: int) -> Sequence[Reason]:
    return reasons(ranks, row, MOST_REASONS) if np.isfinite(ranks.scores[row]) else ()


def _against_the_loss(before: Floats, since: Floats, unexplained: Floats) -> tuple[Floats, Floats, Floats]:
    """Return of each member what he explains, how much surer he makes us, and what he uses less, kWh."""
    there = np.isfinite(before)
    count = there.sum(axis=1)
    usual = np.where(there, before, 0.0).sum(axis=1) / np.maximum(count, 1)
    # An hour of which nothing was known before tells of no fall.
    usual = np.where(count > 0, usual, np.nan)[:, None, :]
    reported = np.where(np.isfinite(since), since, usual)
    loss = _by_hours(unexplained)
    signs = np.stack([_by_hours(reported), _by_hours(np.maximum(usual - reported, 0.0))])
    kwh, gain = alone(loss, np.nan_to_num(signs))
    hours_each = max(HOURS / unexplained.shape[1], 1.0)
    counted = np.isfinite(loss).sum() * min(hours_each / ALIKE_HOURS, 1.0)
    return kwh, np.minimum(counted * gain, MOST_GAIN), np.nansum(usual - reported, axis=(1, 2))


def _by_hours(kwh: Floats) -> Floats:
    """Return sums of hours one after the other: the last two axes become one."""
    size = max(kwh.shape[-1] // HOURS, 1)
    flat = kwh.reshape(*kwh.shape[:-2], -1)
    whole = flat.shape[-1] // size * size
    summed: Floats = flat[..., :whole].reshape(*flat.shape[:-1], -1, size).sum(axis=-1)
    return summed
