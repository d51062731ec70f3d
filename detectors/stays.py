"""Where a meter hangs, under which class of contract, and when: the places whose numbers hold for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from pipeline.block import MeterMatrix
from pipeline.model import MeterId
from pipeline.registry import Registry
from pipeline.timegrid import from_numpy

_FOR_EVER = datetime.max.replace(tzinfo=UTC)
_SINCE_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A stretch of time at one service point under one class of contract."""

    service_point: str | None
    """None for a meter that never hung anywhere."""
    category: str | None
    """None without a contract, or with one that names no class."""
    starts_at: datetime | None
    """None since ever."""
    ends_at: datetime | None
    """None for ever."""


def stays_of(registry: Registry, meter: MeterId) -> Iterator[Stay]:
    """Yield a meter's stays, oldest first; together they cover all time.

    While it hangs nowhere nothing is measured; the place where it hangs next (the last one's after that) has
    these columns, so that the day of a fitting belongs to the new place.
    """
    placed = registry.installations_by_meter.get(meter, ())
    if not placed:
        yield Stay(service_point=None, category=None, starts_at=None, ends_at=None)
        return
    begins = None
    for own, following in zip(placed, (*placed[1:], None), strict=True):
        ends = None
        if following is not None:
            left = own.ends_at or _FOR_EVER
            ends = min(left, following.starts_at or _SINCE_EVER)
        if begins is None or ends is None or begins < ends:
            yield from stays_at(registry, own.service_point, begins, ends)
            begins = ends


def stays_at(
    registry: Registry,
    service_point: str | None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Iterator[Stay]:
    """Yield the stretches of ``[starts_at, ends_at)`` at a place by its contract's class, oldest first."""
    first, end = starts_at or _SINCE_EVER, ends_at or _FOR_EVER
    contracts = registry.contracts_by_point.get(service_point or "", ())
    edges = {edge for c in contracts for edge in (c.starts_at, c.ends_at) if edge is not None}
    for begins, ends in pairwise((first, *sorted(edge for edge in edges if first < edge < end), end)):
        contract = None if service_point is None else registry.contract_of(service_point, begins)
        yield Stay(
            service_point=service_point,
            category=None if contract is None else contract.category,
            starts_at=None if begins == _SINCE_EVER else begins,
            ends_at=None if ends == _FOR_EVER else ends,
        )


def end_of(window: MeterMatrix) -> datetime:
    """Return the last instant that a window knows of; one far away for a window that knows of none."""
    times = [window.starts_at, *(told.taken_at for told in window.records.readings.values())]
    if window.daily is not None:
        times.append(window.daily.days)
    known = [from_numpy(column.max()) for column in times if len(column)]
    ends = [bill.starts_at for bill in window.records.bills]
    return max((*known, *ends), default=_FOR_EVER)
