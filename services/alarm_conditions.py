"""Looks at how operation goes: meters, lines and collectors that are silent, dropped readings, late flows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from pipeline.alarms.holds import SERVICE_POINTS
from pipeline.alarms.model import Signal
from pipeline.alarms.operation import (
    BUS_DOWN,
    COLLECTOR_SILENT,
    METER_SILENT,
    READINGS_DROPPED,
    Answered,
    Observed,
    followed,
)
from services.counters import dropped_in
from services.flow_conditions import FlowsSeen
from storage.collector_states import collector_states
from storage.database import Connection
from storage.operation import HeardMeter, Total, heard_meters, lost_leases, moved_marks, read_subjects

LOOK_BACK: Final = timedelta(hours=3)
"""Of the coverage ledger: a minute's look at 10 000 meters must stay cheap."""
SILENT_SLOTS: Final = 2
"""One missed slot is no silence."""
_KNOWN_AS_A_WHOLE: Final = frozenset({COLLECTOR_SILENT, READINGS_DROPPED})


def operation_signals(
    connection: Connection,
    going_on: Sequence[Signal],
    began_at: datetime,
    now: datetime,
    flows: FlowsSeen | None = None,
) -> list[Signal]:
    """Return the conditions of operation after a look.

    Args:
        connection: The database.
        going_on: Conditions of earlier looks that had not ended.
        began_at: When looking began here: what was dropped before it is history.
        now: By the clock.
        flows: What Prefect's server was seen to say; None where nobody asked it.
    """
    flows = flows or FlowsSeen(told=frozenset())
    heard = heard_meters(connection, since=now - LOOK_BACK, until=now)
    observed = [*_silent(heard), *_lines_down(heard), *flows.observed]
    well = {(METER_SILENT, m.meter): m.heard_at for m in heard if m.heard_at and m.silent_since is None}
    for one in heard:
        if one.bus is not None and one.heard_at is not None and not one.line_down:
            key = (BUS_DOWN, one.bus)
            well[key] = max(one.heard_at, well.get(key, one.heard_at))
    for lost in lost_leases(connection, now=now):
        facts = {"buses": list(lost.buses)}
        observed.append(
            Observed(what=COLLECTOR_SILENT, subject=lost.owner, since=lost.expired_at, facts=facts)
        )
    for name, (more, since) in _dropped(connection, began_at, now).items():
        if more:
            facts_of_drop = {"dropped": more}
            observed.append(Observed(what=READINGS_DROPPED, subject=name, since=since, facts=facts_of_drop))
    # Leases and counters are known as a whole: what is not seen to be bad is well, whoever told of it before.
    # Of what nobody reads any more nothing will ever be seen: a meter taken down, a bus without meters.
    seen = {(one.what, one.subject) for one in observed}
    meters, buses = read_subjects(connection, now=now)
    read = {METER_SILENT: meters, BUS_DOWN: buses}
    for signal in going_on:
        key = (signal.what, str(signal.facts.get("subject")))
        is_gone = signal.what in read and key[1] not in read[signal.what]
        is_told = signal.what in _KNOWN_AS_A_WHOLE or signal.what in flows.told
        if key not in seen and (is_told or is_gone):
            well[key] = now
    return followed(observed, going_on, Answered(subjects=well), now)


def _silent(heard: Sequence[HeardMeter]) -> Iterator[Observed]:
    for one in heard:
        if one.silent_since is not None and one.silent_slots >= SILENT_SLOTS:
            yield Observed(
                what=METER_SILENT,
                subject=one.meter,
                since=one.silent_since,
                meter=one.meter,
                service_point=one.service_point,
                area=one.area,
                bus=one.bus,
            )


def _lines_down(heard: Sequence[HeardMeter]) -> Iterator[Observed]:
    """Yield the buses on which nobody answers because of the line."""
    of_bus: dict[str, list[HeardMeter]] = defaultdict(list)
    for one in heard:
        if one.bus is not None:
            of_bus[one.bus].append(one)
    for bus, meters in sorted(of_bus.items()):
        if all(m.line_down and m.silent_slots >= SILENT_SLOTS for m in meters):
            points = sorted({m.service_point for m in meters if m.service_point is not None})
            areas = {m.area for m in meters}
            yield Observed(
                what=BUS_DOWN,
                subject=bus,
                since=min(m.silent_since for m in meters if m.silent_since is not None),
                area=areas.pop() if len(areas) == 1 else None,
                bus=bus,
                facts={SERVICE_POINTS: points},
            )


def _dropped(connection: Connection, began_at: datetime, now: datetime) -> dict[str, tuple[int, datetime]]:
    """Return what each collecting process has dropped since the last look, wherever it runs, and since when.

    A spool's count goes on from one process to the next: what the last minute of a killed one cost is told by
    the one that opens its spool.
    """
    totals: dict[str, Total] = {}
    subjects: dict[str, str] = {}
    for state in collector_states(connection):
        for drop in dropped_in(state.counters, state.process, state.started_at):
            mark = f"{drop.counter}: {drop.says}"
            # The newest comes first: a process that is gone may have told of the same spool.
            totals.setdefault(mark, Total(value=drop.total, counts_since=drop.counts_since))
            subjects.setdefault(mark, f"{state.process}: {drop.says}")
    grown = moved_marks(connection, totals, began_at, now)
    return {subjects[mark]: how for mark, how in grown.items()}
