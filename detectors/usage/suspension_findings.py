"""Which slots and days of a suspension were above its limit, and which nobody can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from detectors.stretches import in_stretches, slot_end, stretches
from detectors.usage.service_point_load import ServicePointLoad
from detectors.usage.suspension_terms import LoadLimit
from pipeline.contracts import Suspension
from pipeline.model import Json, Verdict
from pipeline.timegrid import from_numpy, local_day, local_days, to_numpy

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFinding:
    """One local day of a suspension."""

    day: date
    verdict: Verdict
    slots: NDArray[np.intp]
    """The judged slots of the day."""
    missing: int
    """Judged slots without an actual value."""
    undecided: int
    """Judged slots whose value does not tell: counted too coarsely, or reactive power is wanted."""
    by_energy: bool
    """The day's energy shows it although single slots are too coarse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspensionFindings:
    """What the slots of one suspension show; the masks have shape (slots,)."""

    inside: Bools
    """Slots wholly inside the suspension."""
    judged: Bools
    """Those of them that are not the first or the last: one slot of tolerance at both ends."""
    above: Bools
    """Slots above the limit, in stretches long enough to count."""
    days: Sequence[DayFinding]

    def days_with(self, verdict: Verdict) -> list[DayFinding]:
        """Return the days of one verdict."""
        return [day for day in self.days if day.verdict is verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Debounce:
    """How many slots make a finding, and how many may be on their way."""

    trigger_slots: int
    late_slots: int


def findings(
    load: ServicePointLoad, suspension: Suspension, limit: LoadLimit, zone: ZoneInfo, debounce: Debounce
) -> SuspensionFindings:
    """Judge the slots of a suspension one by one, then its local days."""
    inside, judged = _inside(load, suspension)
    judged = judged & ~_on_their_way(load, suspension, debounce.late_slots)
    above, undecided = _judge(load, limit)
    above = in_stretches(above & judged, debounce.trigger_slots)
    rest_kwh, rest_hours = _all_known(load, judged)
    idle = rest_hours > 0 and rest_kwh + _step(load) <= limit.kw * rest_hours
    days = [
        _day(load, day, slots, _DayView(limit, above, undecided, debounce.trigger_slots, idle))
        for day, slots in _slots_of_days(load, judged, zone)
    ]
    for day in days:
        if day.by_energy:
            counted = day.slots[load.actual[day.slots] & (load.kwh[day.slots] > 0)]
            above[counted] = True
    return SuspensionFindings(inside=inside, judged=judged, above=above, days=days)


def _inside(load: ServicePointLoad, suspension: Suspension) -> tuple[Bools, Bools]:
    """Return the slots inside the suspension, and those that stay when the one at each end is left out."""
    starts_at = load.starts_at
    ends_at = starts_at + np.timedelta64(load.minutes * 60_000_000, "us")
    first = to_numpy(suspension.starts_at)
    inside, judged = starts_at >= first, starts_at > first
    if suspension.ends_at is not None:
        last = to_numpy(suspension.ends_at)
        inside, judged = inside & (ends_at <= last), judged & (ends_at < last)
    return inside, judged


def _on_their_way(load: ServicePointLoad, suspension: Suspension, late_slots: int) -> Bools:
    """Return the last slots of the data where they are missing, few, and the suspension goes on.

    Their readings may simply not have come yet; more of them are a gap, and gaps make a day unknown.
    """
    size = len(load.starts_at)
    late = np.zeros(size, dtype=np.bool_)
    window_end = slot_end(load.starts_at, size - 1, load.minutes)
    known = np.flatnonzero(np.isfinite(load.kwh))
    first = int(known[-1]) + 1 if len(known) else 0
    if size - first <= late_slots and (suspension.ends_at is None or suspension.ends_at > window_end):
        late[first:] = True
    return late


def _judge(load: ServicePointLoad, limit: LoadLimit) -> tuple[Bools, Bools]:
    """Return the slots that are surely above the limit, and those that are known but do not tell.

    A slot's energy is a difference of two readings cut to whole steps: it is known to plus or minus one.
    """
    margin = load.step_kwh * 60.0 / load.minutes
    surely = load.kw - margin > limit.kw
    may_be = load.kw + margin > limit.kw
    above = surely | (may_be & (load.power_kw > limit.kw))
    undecided = may_be & ~np.isfinite(load.power_kw)
    if limit.is_apparent:
        apparent = np.hypot(np.maximum(load.kw - margin, 0.0), load.kvar)
        above = above | (apparent > limit.kw)
        undecided = undecided | ~np.isfinite(load.kvar)
    return above & load.actual, undecided & load.actual & ~above


@dataclass(frozen=True, slots=True)
class _DayView:
    limit: LoadLimit
    above: Bools
    undecided: Bools
    trigger_slots: int
    idle: bool
    """The energy of the whole suspension is below the limit, whatever its slots' steps hide."""


def _day(load: ServicePointLoad, day: date, slots: NDArray[np.intp], view: _DayView) -> DayFinding:
    missing = int((~load.actual[slots]).sum())
    undecided = int(view.undecided[slots].sum())
    by_energy = False
    if view.above[slots].any():
        verdict = Verdict.ABNORMAL
    elif missing:
        verdict = Verdict.UNKNOWN
    elif not undecided:
        verdict = Verdict.NORMAL
    elif view.limit.is_apparent:
        verdict = Verdict.UNKNOWN
    else:
        verdict = _by_energy(load, slots, view)
        by_energy = verdict is Verdict.ABNORMAL
    return DayFinding(
        day=day, verdict=verdict, slots=slots, missing=missing, undecided=undecided, by_energy=by_energy
    )


def _by_energy(load: ServicePointLoad, slots: NDArray[np.intp], view: _DayView) -> Verdict:
    """Judge a day by its energy, which one register step blurs far less than a slot's.

    The highest stretch too short to count is left out first, so that one high slot stays harmless.
    """
    kwh, hour = load.kwh[slots], load.minutes / 60.0
    short = min(view.trigger_slots, len(kwh))
    highest = float(np.convolve(kwh, np.ones(short), mode="valid").max())
    step = float(load.step_kwh[slots].max())
    if kwh.sum() - highest - step > view.limit.kw * (len(kwh) - short) * hour:
        return Verdict.ABNORMAL
    if view.idle or kwh.sum() + step <= view.limit.kw * len(kwh) * hour:
        return Verdict.NORMAL
    return Verdict.UNKNOWN


def _all_known(load: ServicePointLoad, judged: Bools) -> tuple[float, float]:
    known = judged & load.actual
    return float(load.kwh[known].sum()), float(known.sum()) * load.minutes / 60.0


def _step(load: ServicePointLoad) -> float:
    return float(load.step_kwh.max(initial=0.0))


def _slots_of_days(
    load: ServicePointLoad, judged: Bools, zone: ZoneInfo
) -> list[tuple[date, NDArray[np.intp]]]:
    places = np.flatnonzero(judged)
    if len(places) == 0:
        return []
    first, last = (from_numpy(load.starts_at[int(place)]) for place in places[[0, -1]])
    times = load.starts_at[places]
    found = []
    for day in local_days(first, _just_after(last), zone):
        begin, end = (np.searchsorted(times, to_numpy(edge)) for edge in local_day(day, zone))
        if end > begin:
            found.append((day, places[begin:end]))
    return found


def _just_after(instant: datetime) -> datetime:
    return instant + datetime.resolution


def day_rows(load: ServicePointLoad, found: SuspensionFindings) -> list[Json]:
    """Return the table of days for an episode's evidence."""
    return [_day_row(load, found.above, day) for day in found.days]


def _day_row(load: ServicePointLoad, above: Bools, day: DayFinding) -> Json:
    known = day.slots[load.actual[day.slots]]
    return {
        "day": day.day.isoformat(),
        "verdict": day.verdict.value,
        "max_kw": round(float(load.kw[known].max()), 3) if len(known) else None,
        "kwh": round(float(load.kwh[known].sum()), 3) if len(known) else None,
        "minutes_above": int(above[day.slots].sum()) * load.minutes,
        "slots": len(day.slots),
        "missing": day.missing,
        "undecided": day.undecided,
        "judged_by": "energy of the day" if day.by_energy else "slots",
    }


def first_and_end(above: Bools) -> tuple[int, int]:
    """Return the first slot above the limit and the one after the last."""
    edges = stretches(above)
    return int(edges[0, 0]), int(edges[-1, 1])
