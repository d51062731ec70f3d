"""Events of a supply out of meters' logs (事件记录): merged over phases, counted, grid-wide or local."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from typing import Final

from analysis.power_quality.point_month import Neighbour, PointMonth
from analysis.power_quality.supply_events import SupplyEvent, SupplyKind, event_limits, named
from pipeline.event_counts import VOLTAGE_KINDS
from pipeline.events import EventKind, MeterEvent
from pipeline.registry import Wiring

METER_LOG: Final = "meter log"
TOGETHER: Final = timedelta(seconds=120)
"""Clocks of two meters may differ by so much and their events still be one (own)."""
SAME_EVENT: Final = timedelta(seconds=2)
"""Phases of one meter that follow so closely went together; its records have whole seconds."""
SUPPLY_OFF: Final = frozenset({EventKind.POWER_DOWN, EventKind.ALL_VOLTAGE_LOSS})
"""What a meter records when nothing is there."""
_LOW: Final = frozenset({EventKind.UNDERVOLTAGE, EventKind.PHASE_BREAK, EventKind.VOLTAGE_LOSS})
_GONE: Final = frozenset({SupplyKind.SHORT_INTERRUPTION, SupplyKind.INTERRUPTION})
_PHASES: Final[Mapping[Wiring, int]] = {
    Wiring.ONE_PHASE: 1,
    Wiring.THREE_PHASE_THREE_WIRE: 2,
    Wiring.THREE_PHASE_FOUR_WIRE: 3,
}
"""So many a meter watches: when fewer are gone, the supply is not."""
_HIGH_KINDS: Final = frozenset({SupplyKind.SWELL, SupplyKind.OVERVOLTAGE})


def supply_events(month: PointMonth) -> list[SupplyEvent]:
    """Return the month's events of its own log and of recorders, several phases of one event as one."""
    own = logged_events(month.events, _nominal_shown_v(month))
    within = [e for e in (*own, *month.recorded.events) if month.starts_at <= e.starts_at < month.ends_at]
    return [_of_system(event, _PHASES[month.point.wiring]) for event in merged(within)]


def logged_events(events: Iterable[MeterEvent], nominal_v: float) -> list[SupplyEvent]:
    """Return what a meter's log tells of its supply, one event a record.

    A loss of voltage (失压) is one with current: the meter's own circuit lacked it, and it is no dip.

    Args:
        events: Records of any kind.
        nominal_v: Of the side on which the meter shows voltages.
    """
    return [_of_record(event, nominal_v) for event in events if event.kind in VOLTAGE_KINDS]


def merged(events: Iterable[SupplyEvent]) -> list[SupplyEvent]:
    """Return events in order, those that overlap on the same side of nominal as one.

    As IEC 61000-4-30 has it: from the first phase's beginning to the last one's end, by the most extreme. One
    without an end takes others in only if they begin with it.
    """
    groups: list[list[SupplyEvent]] = []
    for event in sorted(events, key=lambda e: (e.starts_at, e.phases)):
        group = next((g for g in groups if any(_belongs(known, event) for known in g)), None)
        if group is None:
            groups.append([event])
        else:
            group.append(event)
    return [reduce(_joined, group) for group in groups]


def sarfi(events: Iterable[SupplyEvent], percent: float) -> int:
    """Return how many short events fell below ``percent`` of nominal: SARFI-X of one site, in its period."""
    most_s = event_limits().most_s
    return sum(
        e.residual_percent is not None
        and e.residual_percent < percent
        and e.duration_s is not None
        and e.duration_s <= most_s
        and e.kind not in _HIGH_KINDS | {SupplyKind.CIRCUIT_FAULT}
        for e in events
    )


def extent(event: SupplyEvent, neighbours: Sequence[Neighbour]) -> str:
    """Return ``grid`` if half of the neighbours or more had such an event too, ``local`` if none.

    ``some`` is in between, ``unknown`` without neighbours that have a log.
    """
    if not neighbours:
        return "unknown"
    together = sum(_had(neighbour.events, event) for neighbour in neighbours)
    if not together:
        return "local"
    return "grid" if 2 * together >= len(neighbours) else "some"


def overlaps(begin: datetime, end: datetime | None, other: MeterEvent | SupplyEvent, by: timedelta) -> bool:
    """Tell whether a stretch and an event touch, if both are widened by ``by``.

    What has no end may have been recorded with one time only: it stands for its beginning alone.
    """
    return (other.ends_at or other.starts_at) + by >= begin and (end or begin) + by >= other.starts_at


def _had(events: Sequence[MeterEvent], event: SupplyEvent) -> bool:
    high = event.kind in _HIGH_KINDS
    wanted = {EventKind.OVERVOLTAGE} if high else (SUPPLY_OFF | _LOW) - {EventKind.VOLTAGE_LOSS}
    return any(e.kind in wanted and overlaps(event.starts_at, event.ends_at, e, TOGETHER) for e in events)


def _of_record(event: MeterEvent, nominal_v: float) -> SupplyEvent:
    duration_s = None if event.ends_at is None else (event.ends_at - event.starts_at).total_seconds()
    residual = 0.0 if event.kind in SUPPLY_OFF else _residual_percent(event, nominal_v)
    if event.kind is EventKind.VOLTAGE_LOSS:
        kind = SupplyKind.CIRCUIT_FAULT
    elif residual is None and event.kind is EventKind.OVERVOLTAGE:
        kind = SupplyKind.OVERVOLTAGE
    elif residual is None:
        kind = SupplyKind.UNDERVOLTAGE
    else:
        kind = named(residual, duration_s, is_high=event.kind is EventKind.OVERVOLTAGE)
    return SupplyEvent(
        kind=kind,
        phases=(event.part.upper(),) if event.part else (),
        starts_at=event.starts_at,
        duration_s=duration_s,
        residual_percent=residual,
        source=METER_LOG,
    )


def _residual_percent(event: MeterEvent, nominal_v: float) -> float | None:
    """Return the voltage that the record holds for its phase; the meter notes it when the event begins."""
    text = event.values.get(f"phase {event.part.upper()} voltage", "").partition(" ")[0]
    try:
        return 100.0 * float(text) / nominal_v
    except ValueError:  # the record ends early, or the meter does not measure the phase
        return None


def _belongs(known: SupplyEvent, event: SupplyEvent) -> bool:
    same_side = (known.kind in _HIGH_KINDS) == (event.kind in _HIGH_KINDS)
    faults = {known.kind, event.kind} & {SupplyKind.CIRCUIT_FAULT}
    if not same_side or (faults and known.kind is not event.kind):
        return False
    return overlaps(event.starts_at, event.ends_at, known, SAME_EVENT)


def _of_system(event: SupplyEvent, phases: int) -> SupplyEvent:
    """Return an event called by what the whole supply did: a phase alone is not interrupted (断相)."""
    if event.kind not in _GONE or not event.phases or len(event.phases) >= phases:
        return event
    kind = named(event.residual_percent, event.duration_s, is_high=False, all_gone=False)
    return replace(event, kind=kind)


def _joined(first: SupplyEvent, second: SupplyEvent) -> SupplyEvent:
    ends = [first.ends_at, second.ends_at]
    last = None if None in ends else max(end for end in ends if end is not None)
    duration_s = None if last is None else (last - first.starts_at).total_seconds()
    known = [r for r in (first.residual_percent, second.residual_percent) if r is not None]
    is_high = first.kind in _HIGH_KINDS
    most = max if is_high else min
    residual = most(known) if known else None
    is_fault = first.kind is SupplyKind.CIRCUIT_FAULT
    keeps_name = is_fault or residual is None
    gone = [event for event in (first, second) if event.kind in _GONE]
    # A record of the whole meter says of itself that nothing was there.
    all_gone = len(gone) == len((first, second)) or any(not event.phases for event in gone)
    return replace(
        first,
        kind=first.kind if keeps_name else named(residual, duration_s, is_high=is_high, all_gone=all_gone),
        # An event of the whole meter takes those of its phases in.
        phases=tuple(sorted({*first.phases, *second.phases})) if first.phases and second.phases else (),
        duration_s=duration_s,
        residual_percent=residual,
    )


def _nominal_shown_v(month: PointMonth) -> float:
    """Return nominal as the log's voltages have it: secondary, as records are not multiplied by ratios."""
    return month.point.nominal_v / month.point.pt
