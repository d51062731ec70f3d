"""Changes of use that the archive explains: suspensions (报停), new contracts, a meter from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from detectors.hysteresis import unbroken_runs
from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.registry import Installation, Registry, in_force
from pipeline.timegrid import to_numpy

Bools = NDArray[np.bool_]


def suspended_days(window: MeterMatrix, daily: DailyRows, registry: Registry) -> Bools:
    """Return the local days, shape (meters, days), that a suspension or closing of the point touches.

    What concerns a point concerns a meter while it hangs there.
    """
    mask: Bools = np.zeros(daily.kwh.shape, dtype=np.bool_)
    if not registry.suspensions:
        return mask
    for row, point, stay in _stays(window, registry):
        for suspension in registry.suspensions_by_point.get(point, ()):
            begins = _later(suspension.starts_at, stay.starts_at)
            ends = _earlier(suspension.ends_at, stay.ends_at)
            if ends is not None and ends <= begins:
                continue
            first = _day(daily, row, begins)
            last = mask.shape[1] if ends is None else _day(daily, row, ends) + 1
            mask[row, max(first, 0) : max(last, 0)] = True
    return mask


def contract_starts(window: MeterMatrix, daily: DailyRows, registry: Registry) -> Bools:
    """Return the local days, shape (meters, days), on which a contract began, or a meter came from elsewhere.

    A new customer, declared generation, another capacity: what was usual before says nothing any more.
    """
    mask: Bools = np.zeros(daily.kwh.shape, dtype=np.bool_)
    if not mask.shape[1]:
        return mask
    for row, point, stay in _stays(window, registry):
        begins = [
            contract.starts_at
            for contract in registry.contracts_by_point.get(point, ())
            if contract.starts_at is not None and in_force(stay.starts_at, stay.ends_at, contract.starts_at)
        ]
        if stay.starts_at is not None and _came_from_elsewhere(registry, stay):
            begins.append(stay.starts_at)
        for instant in begins:
            day = _day(daily, row, instant)
            if 0 <= day < mask.shape[1]:
                mask[row, day] = True
    return mask


def slots_of_days(window: MeterMatrix, daily: DailyRows, days: Bools) -> Bools:
    """Return the slots, shape (meters, slots), that lie in some local days of shape (meters, days)."""
    mask: Bools = np.zeros(window.import_kwh.shape, dtype=np.bool_)
    for row, first, end in zip(*(edge.tolist() for edge in unbroken_runs(days)), strict=True):
        edges = [to_numpy(instant) for instant in daily.span(row, first, end)]
        begins, ends = np.searchsorted(window.starts_at, edges).tolist()
        mask[row, begins:ends] = True
    return mask


def _stays(window: MeterMatrix, registry: Registry) -> Iterator[tuple[int, str, Installation]]:
    """Yield each stay of the window's meters at a service point, with its row and the point."""
    for row, meter in enumerate(window.meters):
        for stay in registry.installations_by_meter.get(meter, ()):
            if stay.service_point is not None:
                yield row, stay.service_point, stay


def _came_from_elsewhere(registry: Registry, stay: Installation) -> bool:
    """Tell whether the meter hung at another point before, and at none as this stay began."""
    starts_at = stay.starts_at
    if starts_at is None:
        return False
    before = [
        s
        for s in registry.installations_by_meter[stay.meter]
        if s.service_point is not None and (s.starts_at is None or s.starts_at < starts_at)
    ]
    if not before or any(s.ends_at is None or s.ends_at > starts_at for s in before):
        return False
    last = max(s.ends_at for s in before if s.ends_at is not None)
    return all(s.service_point != stay.service_point for s in before if s.ends_at == last)


def _later(one: datetime, other: datetime | None) -> datetime:
    return one if other is None else max(one, other)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    known = [instant for instant in (one, other) if instant is not None]
    return min(known, default=None)


def _day(daily: DailyRows, row: int, instant: datetime) -> int:
    """Return the column of a meter's local day; it may lie outside."""
    day = np.datetime64(instant.astimezone(daily.zones[row]).date())
    return int((day - daily.days[0]).astype(np.int64))
