"""Fills the few slots that meters lack on otherwise known days (缺点补全), each from the slots beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.block import MeterMatrix, is_actual
from pipeline.daily_rows import DailyRows
from pipeline.timegrid import local_clock

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotGaps:
    """The missing slots of some meters, and what stands in for them."""

    import_kwh: Floats
    """Of each day, shape (meters asked for, days)."""
    export_kwh: Floats
    meters: Ints
    """Of each missing slot: which of the meters asked for lacks it, shape (gaps,)."""
    slots: Ints
    """Which slot of the window that is, shape (gaps,)."""


def slot_gaps(window: MeterMatrix, daily: DailyRows, rows: Ints, partial: Bools) -> SlotGaps:
    """Return what stands in for the missing slots of some days: the mean of the known slots on both sides.

    A run of missing slots takes the mean of the slot before and the slot after it, of the same local day; at
    the edge of a day that of the one there is. So it adds what a straight line between the two would, and
    looks at no later day.

    Args:
        window: Slots; a missing one is one that is not actual.
        daily: The local days.
        rows: Which meters are asked for, as rows of the window, shape (n,).
        partial: Their days to fill, shape (n, days).
    """
    filled = {name: np.zeros(partial.shape) for name in ("import_kwh", "export_kwh")}
    which, day = np.nonzero(partial if len(window.starts_at) else np.zeros_like(partial))
    begin, end = _slots_of(window, daily, rows[which], day)
    width = int((end - begin).max(initial=0))
    slots = np.minimum(begin[:, None] + np.arange(width), np.maximum(end - 1, 0)[:, None])
    is_known = is_actual(window.quality[rows[which][:, None], slots])
    is_known &= np.isfinite(window.import_kwh[rows[which][:, None], slots])
    is_of_day = np.arange(width) < (end - begin)[:, None]
    at, gap = np.nonzero(~is_known & is_of_day)
    is_new = np.ones(len(at), np.bool_)
    is_new[1:] = (np.diff(at) != 0) | (np.diff(gap) != 1)
    firsts = np.flatnonzero(is_new)
    lasts = np.append(firsts, len(at))[1:] - 1
    own = at[firsts]
    before, after = begin[own] + gap[firsts] - 1, begin[own] + gap[lasts] + 1
    is_beside = np.stack([before >= begin[own], after < end[own]])
    beside = np.where(is_beside, np.stack([before, after]), 0)
    columns = {"import_kwh": window.import_kwh, "export_kwh": window.energies.get("export_kwh")}
    for name, column in columns.items():
        if column is not None and len(own):
            kwh = np.where(is_beside, column[rows[which[own]], beside], np.nan)
            known = np.isfinite(kwh)
            mean = np.where(known, kwh, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
            np.add.at(filled[name], (which[own], day[own]), mean * (lasts - firsts + 1))
    return SlotGaps(
        import_kwh=filled["import_kwh"],
        export_kwh=filled["export_kwh"],
        meters=which[at],
        slots=begin[at] + gap,
    )


def _slots_of(window: MeterMatrix, daily: DailyRows, rows: Ints, day: Ints) -> tuple[Ints, Ints]:
    """Return the first slot of a day of each of some meters, and the one after its last."""
    kinds = list(dict.fromkeys(daily.zones))
    kind = np.array([kinds.index(zone) for zone in daily.zones], np.intp)[rows]
    begin, end = np.zeros(len(rows), np.intp), np.zeros(len(rows), np.intp)
    for number, zone in enumerate(kinds):
        place = local_clock(window.starts_at, zone)[0] - daily.days[0].astype(np.int64)
        own = kind == number
        begin[own], end[own] = np.searchsorted(place, day[own]), np.searchsorted(place, day[own] + 1)
    return begin, end
