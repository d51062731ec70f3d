"""A meter that was moved tells each area of its own time only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeAlias

import numpy as np
import pytest
from psycopg import sql

from pipeline.coverage import CoverageEntry, CoverageStatus
from pipeline.events import EventKind, MeterEvent
from pipeline.frames import RawFrame, RawMessage
from pipeline.model import EVERYTHING, MeterId, Scope, Snapshot
from pipeline.quantities import Group, Quantity
from pipeline.records import ParameterReading
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from pipeline.timegrid import from_numpy, to_numpy
from services.export import IntervalState, Wanted, export_coverage, export_intervals, export_readings
from storage.area_scope import limited_to
from storage.clocks import clock_offsets
from storage.coverage import CoverageBy, CoverageLedger, coverage_summary, missing_slots, missing_total
from storage.dashboard_values import current_values
from storage.database import Connection
from storage.detector_records import event_records
from storage.events import CountedEvent, write_events
from storage.finals import final_series
from storage.forecasts import StoredForecast, list_forecasts, save_forecasts
from storage.intervals import IntervalColumns, save_intervals
from storage.load_months import LoadMonth, list_load_months, save_load_months
from storage.meter_parameters import parameter_readings, write_parameters
from storage.meter_record import events_of, ledger_groups, ledger_of
from storage.raw_frames import keep_raw_frames, raw_messages_of
from storage.readings import latest_values
from storage.registry import save_registry
from storage.slot_record import energies_of_slot, stored_readings
from storage.statistics import VoltageDay, list_voltage_days, save_voltage_days
from storage.visible import visible_meters
from storage.writer import ReadingWriter

M1: Final = MeterId("M1")
MOVED: Final = datetime(2026, 5, 31, 16, tzinfo=UTC)
"""Midnight in Shanghai: the meter hung in A until the end of May, and in B since."""
BEFORE, AFTER = MOVED - timedelta(days=7), MOVED + timedelta(days=7)
FROM, UNTIL = MOVED - timedelta(days=30), MOVED + timedelta(days=30)
HOUR: Final = timedelta(hours=1)
A, B, AWAY, BOTH = (Scope(frozenset(names)) for names in ("A", "B", "C", "AB"))
Q = Quantity
Arguments: TypeAlias = dict[str, Any]  # Any: keyword arguments that several questions share

REGISTRY = Registry(
    meters=[Meter(id=M1)],
    areas=[Area(id=name) for name in "ABC"],
    service_points=[ServicePoint(id=f"SP-{name}", area=name) for name in "ABC"],
    installations=[
        Installation(meter=M1, service_point="SP-A", ends_at=MOVED),
        Installation(meter=M1, service_point="SP-B", starts_at=MOVED),
    ],
)


@pytest.fixture
def archive(database: Connection) -> Connection:
    """One of everything that is kept of a meter, a week before it was moved and a week after."""
    save_registry(database, REGISTRY)
    for at in (BEFORE, AFTER):
        values = {Q.ACTIVE_ENERGY_IMPORT: 1.0}, {Q.VOLTAGE_A: 220.0, Q.CLOCK_OFFSET: 1.0}
        ReadingWriter(database).write(
            [Snapshot(meter=M1, taken_at=at, received_at=at, values=own) for own in values]
        )
        CoverageLedger(database).record(
            [CoverageEntry(meter=M1, group=Group.REGISTER, slot_at=at, status=CoverageStatus.MISSING)]
        )
        event = MeterEvent(kind=EventKind.POWER_DOWN, number=1, starts_at=at)
        write_events(database, M1, [CountedEvent(event=event, count=1, received_at=at)])
        frame = RawFrame("00010000", at, at, b"\x01", b"\x02")
        keep_raw_frames(
            database, [RawMessage(received_at=at, slot_at=at, source="B", meters=[M1], frames=[frame])]
        )
        write_parameters(database, [ParameterReading(meter=M1, name="p", taken_at=at, value=1.0)])
    save_intervals(database, INTERVALS, computed_at=UNTIL)
    save_forecasts(database, [forecast(at) for at in (BEFORE, AFTER)])
    save_load_months(database, [load_month(month) for month in MONTHS])
    save_voltage_days(database, [voltage_day(at.date()) for at in (BEFORE, AFTER)])
    return database


def move(connection: Connection, down_at: datetime, up_at: datetime) -> None:
    """Let the meter have been moved at another time."""
    connection.execute("UPDATE installation SET ends_at = %s WHERE ends_at IS NOT NULL", (down_at,))
    connection.execute("UPDATE installation SET starts_at = %s WHERE starts_at IS NOT NULL", (up_at,))


INTERVALS: Final = IntervalColumns(
    meters=[M1, M1],
    starts_at=np.array([to_numpy(BEFORE), to_numpy(AFTER)]),
    minutes=np.full(2, 15, dtype=np.int16),
    quality=np.array(["A", "A"]),
    energies={"import_kwh": np.array([1.0, 2.0])},
)
MONTHS: Final = (date(2026, 5, 1), date(2026, 6, 1))
DAYS: Final = [BEFORE.date(), AFTER.date()]


def forecast(at: datetime) -> StoredForecast:
    return StoredForecast(
        meter=M1,
        starts_at=at,
        model="m",
        minutes=15,
        p10=[1.0],
        p50=[1.0],
        p90=[1.0],
        max_p50_kw=4.0,
        max_p90_kw=4.0,
        month=at.date().replace(day=1),
        month_so_far_kw=None,
        month_so_far_coverage=None,
        month_p50_kw=None,
        month_p90_kw=None,
    )


def load_month(month: date) -> LoadMonth:
    return LoadMonth(
        kind="meter",
        subject=M1,
        month=month,
        coverage=1.0,
        energy_kwh=1.0,
        max_kw=1.0,
        max_at=None,
        load_factor=1.0,
        detail={},
    )


def voltage_day(day: date) -> VoltageDay:
    return VoltageDay(
        meter=M1,
        day=day,
        phase="a",
        qualified_share=1.0,
        minutes_monitored=1440.0,
        minutes_over=0.0,
        minutes_under=0.0,
        highest_v=None,
        highest_at=None,
        lowest_v=None,
        lowest_at=None,
        coverage=1.0,
    )


def exported(table: str, connection: Connection, scope: Scope) -> list[datetime]:
    wanted = Wanted(scope=scope, starts_at=FROM, ends_at=UNTIL)

    def lend() -> nullcontext[Connection]:
        return nullcontext(connection)

    pieces = {
        "readings": lambda: export_readings(lend, [Q.ACTIVE_ENERGY_IMPORT], wanted),
        "raw": lambda: export_intervals(lend, IntervalState.RAW, 15, wanted),
        "final": lambda: export_intervals(lend, IntervalState.FINAL, 15, wanted),
        "coverage": lambda: export_coverage(lend, wanted),
    }[table]()
    column = {"readings": "taken_at", "coverage": "slot_at"}.get(table, "starts_at")
    return [at for piece in pieces for at in piece[column].to_pylist()]


def frames(connection: Connection, scope: Scope) -> list[datetime]:
    slots = [(at, at + timedelta(minutes=15)) for at in (BEFORE, AFTER)]
    return [
        message.received_at
        for starts_at, ends_at in slots
        for message in raw_messages_of(
            connection, M1, scope=scope, starts_at=starts_at, ends_at=ends_at, received=[]
        )
    ]


@pytest.mark.parametrize(
    ("tells", "seen_by"),
    [
        ((BEFORE, MOVED - HOUR), {"A"}),
        ((BEFORE, MOVED), set()),
        ((BEFORE, AFTER), set()),
        ((MOVED, AFTER), {"B"}),
        (None, set()),
    ],
)
def test_a_frame_without_a_slot_is_seen_where_the_meter_hung_in_all_the_time_it_tells_of(
    archive: Connection, tells: tuple[datetime, datetime] | None, seen_by: set[str]
) -> None:
    # A backfill: what the meter recorded before and after it was moved came in one answer.
    frame = RawFrame("load records", UNTIL, UNTIL, b"\x01", b"\x02")
    message = RawMessage(received_at=UNTIL, tells=tells, source="B", meters=[M1], frames=[frame])
    keep_raw_frames(archive, [message])

    def told(scope: Scope) -> bool:
        """Ask in the slots of either time: readings of both came with the answer."""
        return any(
            m.received_at == UNTIL
            for at in (BEFORE, AFTER)
            for m in raw_messages_of(
                archive, M1, scope=scope, starts_at=at, ends_at=at + HOUR, received=[UNTIL]
            )
        )

    assert {name for name in "ABC" if told(Scope(frozenset(name)))} == seen_by
    assert told(EVERYTHING)


SPAN: Final[Arguments] = {"starts_at": FROM, "ends_at": UNTIL}
QUESTIONS: Final[dict[str, Callable[[Connection, Scope], Iterable[datetime]]]] = {
    "exported readings": lambda c, scope: exported("readings", c, scope),
    "exported raw intervals": lambda c, scope: exported("raw", c, scope),
    "exported final intervals": lambda c, scope: exported("final", c, scope),
    "exported coverage": lambda c, scope: exported("coverage", c, scope),
    "clocks": lambda c, scope: [
        from_numpy(at) for own in clock_offsets(c, scope=scope, **SPAN).values() for at in own.taken_at
    ],
    "events": lambda c, scope: [
        e.event.starts_at for e in event_records(c, scope=scope, ends_at=UNTIL, meters=[M1])
    ],
    "the page's events": lambda c, scope: [
        e.starts_at for e in events_of(c, M1, scope=scope, since=FROM, limit=9)
    ],
    "the page's ledger": lambda c, scope: [e.slot_at for e in ledger_of(c, M1, scope=scope, **SPAN)],
    "missing": lambda c, scope: [e.slot_at for e in missing_slots(c, scope=scope, **SPAN)],
    "readings of a slot": lambda c, scope: {r.taken_at for r in stored_readings(c, M1, scope=scope, **SPAN)},
    "energies of a slot": lambda c, scope: energies_of_slot(c, M1, scope=scope, within=(FROM, UNTIL)),
    "finals": lambda c, scope: [
        from_numpy(at) for at in final_series(c, scope=scope, minutes=15, **SPAN).starts_at
    ],
    "forecasts": lambda c, scope: [f.starts_at for f in list_forecasts(c, scope=scope, **SPAN)],
    "raw frames": frames,
    "parameters": lambda c, scope: [
        p.taken_at for p in parameter_readings(c, scope=scope, ends_at=UNTIL, meters=[M1])
    ],
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_area_is_told_of_its_own_time_and_whoever_sees_both_of_all(
    archive: Connection, question: str
) -> None:
    def told(scope: Scope) -> list[datetime]:
        """Ask twice: the queries hold by themselves, and under the database's own policies."""
        with limited_to(archive, scope):
            held = sorted(QUESTIONS[question](archive, scope))
        assert sorted(QUESTIONS[question](archive, scope)) == held
        return held

    assert told(A) == [BEFORE]
    assert told(B) == [AFTER]
    assert told(AWAY) == []
    assert told(EVERYTHING) == told(BOTH) == [BEFORE, AFTER]


@pytest.mark.parametrize("scope", [A, B])
def test_what_is_counted_is_of_the_own_time(archive: Connection, scope: Scope) -> None:
    assert missing_total(archive, scope=scope, **SPAN) == 1
    assert missing_total(archive, scope=EVERYTHING, **SPAN) == 2
    (share,) = coverage_summary(archive, CoverageBy.AREA, scope=scope, **SPAN)
    assert (share.key, share.expected) == (min(scope.areas or ()), 1)


def test_the_newest_value_is_the_newest_of_the_own_time(archive: Connection) -> None:
    def newest(scope: Scope) -> tuple[list[datetime], set[datetime]]:
        latest = latest_values(archive, [Q.VOLTAGE_A], scope=scope, since=FROM)
        current = current_values(archive, M1, scope=scope, now=UNTIL)
        return [v.taken_at for v in latest], {v.taken_at for v in current}

    assert newest(A) == ([BEFORE], {BEFORE})
    assert newest(B) == newest(EVERYTHING) == ([AFTER], {AFTER})


def test_a_day_and_a_month_belong_to_where_the_meter_hung_throughout(archive: Connection) -> None:
    def told(scope: Scope) -> tuple[list[date], list[date]]:
        span: Arguments = {"first": date(2026, 5, 1), "last": date(2026, 6, 30)}
        months = [m.month for m in list_load_months(archive, scope=scope, **span)]
        return months, [d.day for d in list_voltage_days(archive, scope=scope, **span)]

    assert told(A) == ([MONTHS[0]], [BEFORE.date()])
    assert told(B) == ([MONTHS[1]], [AFTER.date()])
    for table in ("load_month", "voltage_day", "forecast"):
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        with limited_to(archive, A):
            assert archive.execute(query).fetchone() == (1,), table
    # Taken down an hour before and hung up an hour after: all of a month is still of one place alone.
    move(archive, MOVED - HOUR, MOVED + HOUR)
    assert told(A) == ([MONTHS[0]], [BEFORE.date()])
    assert told(B) == ([MONTHS[1]], [AFTER.date()])
    # In the midst of that day of June: neither it nor June is anybody's, but for who sees both areas.
    move(archive, AFTER - HOUR, AFTER - HOUR)
    for scope, months, days in ((A, [MONTHS[0]], [BEFORE.date()]), (B, [], []), (BOTH, [*MONTHS], DAYS)):
        assert told(scope) == (months, days)
        with limited_to(archive, scope):
            assert told(scope) == (months, days)
            assert archive.execute("SELECT count(*) FROM load_month").fetchone() == (len(months),)
            assert archive.execute("SELECT count(*) FROM voltage_day").fetchone() == (len(days),)


def test_what_was_ever_due_is_of_the_own_time(archive: Connection) -> None:
    CoverageLedger(archive).record(
        [CoverageEntry(meter=M1, group=Group.ELECTRICAL, slot_at=AFTER, status=CoverageStatus.GOT)]
    )
    for scope, groups in ((A, [Group.REGISTER]), (B, [Group.REGISTER, Group.ELECTRICAL]), (AWAY, [])):
        assert set(ledger_groups(archive, M1, scope=scope)) == set(groups)
        with limited_to(archive, scope):
            assert set(ledger_groups(archive, M1, scope=scope)) == set(groups)
            assert archive.execute("SELECT count(*) FROM coverage_day").fetchone() == (len(groups),)


def test_a_meter_is_asked_for_where_it_hung_at_a_time(archive: Connection) -> None:
    for at, scope in ((BEFORE, A), (AFTER, B)):
        assert list(visible_meters(archive, None, scope=scope, at=at).number_of) == [M1]
    assert not visible_meters(archive, None, scope=A, at=MOVED).number_of
    assert list(visible_meters(archive, None, scope=A).number_of) == [M1]
