"""Balances a day of an area over the slots that its supply meters and its members share (同期时段)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]
MOST_FILLED = 0.05
"""Share of the members that may have the same slot filled from beside; else it is not shared: own choice."""
LEAST_SHARED = 0.5
"""Of a day's slots, below which they tell nothing of the others: own choice."""
MOST_SPREAD = 0.002
"""Of the supply, what may be laid evenly into slots that are not shared, for nobody knows when what registers
alone tell went through. At an evening peak of three times the mean the rate is wrong by 0.4 points at most,
less than a day must lie above its usual (``floor_points``): own choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What flows through the supply points of an area, or through its members, on one day."""

    slots_kwh: Floats
    """Net, shape (points, slots), NaN where unknown."""
    day_kwh: Floats
    """Of the whole day, shape (points,): what is known of it, and what stands in for the rest already."""
    is_open: Bools
    """Whose missing slots no register closes, shape (points,)."""


class Bridge(NamedTuple):
    """What the slots that are not shared add to a day, net kWh."""

    supply_kwh: float
    """In slots in which a supply is open; NaN where it cannot be told."""
    members_kwh: float
    """In slots in which too many members are, beside what stands in for them already."""


def bridge(supplies: Side, members: Side) -> Bridge:
    """Return what the slots that are not shared add to one day.

    In a slot that is not shared as much is lost as in the mean of those that are. So a gap leaves the day's
    loss what the shared slots show, however much was drawn in it: where a supply is open it brought what the
    members drew and that loss, where members are open they drew what the supply brought less it. What a day
    has beyond its known slots lies evenly in the others.
    """
    came, went = _Laid.of(supplies), _Laid.of(members)
    is_gap, is_thin = came.open > 0, went.open > MOST_FILLED * len(members.day_kwh)
    shared = ~is_gap & ~is_thin
    spread = (came.spread_kwh + went.spread_kwh)[~shared].sum()
    if shared.mean() < LEAST_SHARED or spread > MOST_SPREAD * np.abs(came.kwh).sum():
        return Bridge(np.nan if is_gap.any() else 0.0, 0.0)
    lost_kwh = (came.kwh - went.kwh)[shared].mean()
    lacking = went.kwh + lost_kwh - came.kwh
    return Bridge(float(lacking[is_gap].sum()), -float(lacking[is_thin & ~is_gap].sum()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Laid:
    """A side slot by slot, shape (slots,)."""

    kwh: Floats
    open: Ints
    """Points of which the slot is missing, and no register closes it."""
    spread_kwh: Floats
    """What lies there only because it has to lie somewhere, without regard to its sign."""

    @classmethod
    def of(cls, side: Side) -> _Laid:
        known = np.isfinite(side.slots_kwh)
        rest = side.day_kwh - np.where(known, side.slots_kwh, 0.0).sum(axis=1)
        # What a day has beyond all of its slots went through nobody knows when: it lies in each of them.
        lies = ~known | known.all(axis=1, keepdims=True)
        even = np.where(lies, (rest / lies.sum(axis=1))[:, None], 0.0)
        is_open = ~known & side.is_open[:, None]
        return cls(
            kwh=(np.where(known, side.slots_kwh, 0.0) + even).sum(axis=0),
            open=is_open.sum(axis=0),
            spread_kwh=np.where(is_open, 0.0, np.abs(even)).sum(axis=0),
        )
