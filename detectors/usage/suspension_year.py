"""A point's stops (暂停) by calendar years, and whether whole transformers rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from pipeline.contracts import BasicCharge, Suspension, SuspensionKind
from pipeline.registry import Registry

_DAY = timedelta(days=1)
_SAME_KVA = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """One stop, or several that adjoin and leave the same capacity: named after the first."""

    suspension: Suspension
    starts_at: datetime
    ends_at: datetime | None
    """As filed; None while it lasts."""
    until: datetime
    """As filed, or up to when it is judged."""
    zone: ZoneInfo

    @property
    def days(self) -> int:
        """Begun local days, by the clock on the wall: a day of 23 or 25 hours is one."""
        first, last = (
            edge.astimezone(self.zone).replace(tzinfo=None) for edge in (self.starts_at, self.until)
        )
        return max(ceil((last - first) / _DAY), 0)

    @property
    def year(self) -> int:
        """The calendar year in which it began."""
        return self.starts_at.astimezone(self.zone).year

    @property
    def dates(self) -> frozenset[date]:
        """Its days."""
        first = self.starts_at.astimezone(self.zone).date()
        return frozenset(first + number * _DAY for number in range(self.days))

    @property
    def years(self) -> Sequence[int]:
        """The calendar years that it touches."""
        return sorted({day.year for day in self.dates})


def rests_of(registry: Registry, point: str, end: datetime) -> list[Rest]:
    """Return a point's stops, oldest first; what was filed without an end counts up to ``end``."""
    zone = registry.zone_of(point)
    stops = [s for s in registry.suspensions_by_point.get(point, ()) if s.kind is SuspensionKind.STOP]
    rests: list[Rest] = []
    for stop in sorted(stops, key=lambda s: (s.starts_at, s.id)):
        first = stop
        if rests and rests[-1].ends_at == stop.starts_at and _leaves_the_same(rests[-1].suspension, stop):
            first = rests.pop().suspension
        until = max(end, first.starts_at) if stop.ends_at is None else stop.ends_at
        rests.append(
            Rest(suspension=first, starts_at=first.starts_at, ends_at=stop.ends_at, until=until, zone=zone)
        )
    return rests


def days_before_and_of(rests: Sequence[Rest], rest: Rest, year: int) -> tuple[int, int]:
    """Return how many days of a year lie in earlier stops, and how many more in this one."""
    before: set[date] = set()
    for other in rests[: rests.index(rest)]:
        before |= {day for day in other.dates if day.year == year}
    own = {day for day in rest.dates if day.year == year} - before
    return len(before), len(own)


def not_whole_units(registry: Registry, suspension: Suspension) -> bool | None:
    """Tell whether a stop leaves a part of a transformer running; None where the archive does not say.

    It matters only where the basic charge is by transformer capacity, and a full stop rests all units.
    """
    contract = registry.contract_of(suspension.service_point, suspension.starts_at)
    if (
        suspension.remaining_kva <= 0
        or contract is None
        or contract.basic_charge is not BasicCharge.CAPACITY
        or contract.capacity_kva is None
    ):
        return False
    units = {
        unit.id: unit.capacity_kva
        for unit in registry.transformers
        if unit.service_point == suspension.service_point and unit.capacity_kva is not None
    }
    rests_kva = contract.capacity_kva - suspension.remaining_kva
    if not units or not units.keys() >= set(suspension.transformers):
        return None
    if suspension.transformers:
        sums = {sum(units[name] for name in suspension.transformers)}
    else:
        sums = {0.0}
        for kva in units.values():
            sums |= {known + kva for known in sums}
        sums.discard(0.0)
    return not any(abs(total - rests_kva) <= _SAME_KVA for total in sums)


def _leaves_the_same(one: Suspension, other: Suspension) -> bool:
    return (one.remaining_kva, one.transformers) == (other.remaining_kva, other.transformers)
