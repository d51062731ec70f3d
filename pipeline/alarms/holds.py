"""What holds messages back, never incidents: quiet hours (免打扰) and maintenance by work orders (检修)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from pipeline.alarms.model import Signal
from pipeline.alarms.records import AlarmRoute
from pipeline.archive_records import WorkOrder
from pipeline.model import Severity

SERVICE_POINTS = "service_points"
"""The fact of a signal that names all places it takes in, where it is about more than one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of maintenance that goes on."""

    until: datetime | None
    """None for an order without an end."""


def quiet_until(route: AlarmRoute, severity: Severity, now: datetime) -> datetime | None:
    """Return when a route's quiet hours end; None where they hold nothing of this severity back now.

    Hours that begin later than they end go over midnight.
    """
    if route.quiet_from is None or route.quiet_to is None or severity >= route.quiet_below.severity:
        return None
    begins, ends = time.fromisoformat(route.quiet_from), time.fromisoformat(route.quiet_to)
    local = now.astimezone(route.zone)
    over_midnight = begins >= ends
    clock = local.time()
    is_quiet = clock >= begins or clock < ends if over_midnight else begins <= clock < ends
    if not is_quiet:
        return None
    day = local.date() + timedelta(days=1 if over_midnight and clock >= begins else 0)
    return datetime.combine(day, ends, route.zone).astimezone(UTC)


def maintenance(
    signals: Iterable[Signal], orders: Mapping[str, Sequence[WorkOrder]], now: datetime
) -> Window | None:
    """Return the maintenance that explains all signals that go on; None where one of them has none.

    Args:
        signals: Of one incident.
        orders: Work orders by service point.
        now: When.
    """
    ends: list[datetime | None] = []
    for signal in signals:
        if signal.ends_at is not None:
            continue
        for point in _points(signal):
            in_force = [o for o in orders.get(point, ()) if o.starts_at <= now and _ends_after(o, now)]
            if not in_force:
                return None
            ends.append(_latest([order.ends_at for order in in_force]))
        if not _points(signal):
            return None
    return Window(until=_latest(ends)) if ends else None


def _points(signal: Signal) -> Sequence[str]:
    several = signal.facts.get(SERVICE_POINTS)
    if isinstance(several, Sequence) and not isinstance(several, str):
        return [str(point) for point in several]
    return [] if signal.service_point is None else [signal.service_point]


def _ends_after(order: WorkOrder, now: datetime) -> bool:
    return order.ends_at is None or now < order.ends_at


def _latest(ends: Sequence[datetime | None]) -> datetime | None:
    known = [end for end in ends if end is not None]
    return max(known) if len(known) == len(ends) else None
