"""How lines, meters, collectors and spools that do not work become incidents, and end them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.alarms.operation import FLOW_LATE, FLOW_SERVER_SILENT, Observed
from pipeline.coverage import Cause
from pipeline.model import MeterId, Severity
from services.alarm_settings import AlarmSettings
from services.alarms import look
from services.flow_conditions import FlowsSeen
from storage.collector_states import CollectorState, save_collector_state
from storage.database import Connection
from storage.leases import take_leases
from storage.registry import save_registry
from tests.alarm_archive import NOW, SLOT, feeder, read, seen


def test_a_line_that_is_down_is_told_as_such(
    alarm_database: Connection, alarm_settings: AlarmSettings
) -> None:
    archive = feeder(30, buses=3)
    save_registry(alarm_database, archive)
    on_b1 = [MeterId(f"M{n:03d}") for n in range(1, 30, 3)]
    read(alarm_database, on_b1, [NOW - n * SLOT for n in range(4)], got=False, cause=Cause.LINK)
    look(alarm_database, alarm_settings, NOW)
    assert seen(alarm_database) == [("open", "bus B1", 11, 10)]
    assert alarm_database.execute("SELECT severity FROM incident").fetchall() == [(int(Severity.MAJOR),)]


def test_a_silent_meter_that_is_taken_down_and_a_bus_without_meters_are_silent_no_more(
    alarm_database: Connection, alarm_settings: AlarmSettings
) -> None:
    # M000 on B0 gives no answer; B1 with M001 is down as a line; on B2 hangs nothing.
    archive = feeder(2, buses=3)
    save_registry(alarm_database, archive)
    for meter, cause in zip(archive.meters, (Cause.NO_ANSWER, Cause.LINK), strict=True):
        read(alarm_database, [meter.id], [NOW - n * SLOT for n in range(4)], got=False, cause=cause)
    assert look(alarm_database, alarm_settings, NOW).open_incidents == 2
    later = NOW + timedelta(hours=4)
    # Nothing is known of them: no collector asks. They go on.
    assert look(alarm_database, alarm_settings, later).open_incidents == 2
    alarm_database.execute("UPDATE installation SET ends_at = %s WHERE bus = 'B0'", (later,))
    alarm_database.execute("UPDATE installation SET bus = 'B2' WHERE bus = 'B1'")
    look(alarm_database, alarm_settings, later + timedelta(minutes=1))
    going_on = alarm_database.execute(
        "SELECT what, meter FROM incident_signal WHERE ends_at IS NULL"
    ).fetchall()
    assert going_on == [("meter_silent", "M001")], "that one hangs still"
    look(alarm_database, alarm_settings, later + timedelta(minutes=17))
    places = alarm_database.execute("SELECT place FROM incident WHERE state = 'open'").fetchall()
    assert places == [("bus B1",)]


def test_a_collector_that_stops_renewing_its_leases_is_an_incident_until_another_takes_over(
    alarm_database: Connection, alarm_settings: AlarmSettings
) -> None:
    save_registry(alarm_database, feeder(2, buses=2))
    take_leases(alarm_database, ["B0", "B1"], owner="host:1:a", lasting=timedelta(seconds=0))
    now = datetime.now(UTC) + timedelta(minutes=5)
    looked = look(alarm_database, alarm_settings, now)
    assert looked.opened == 1
    assert seen(alarm_database) == [("open", "whole", 1, 0)]
    take_leases(alarm_database, ["B0", "B1"], owner="host:2:b", lasting=timedelta(hours=1))
    look(alarm_database, alarm_settings, now + timedelta(minutes=1))
    assert look(alarm_database, alarm_settings, now + timedelta(minutes=7)).open_incidents == 0


def test_dropped_readings_are_an_incident_while_the_counter_of_a_process_anywhere_grows(
    alarm_database: Connection, alarm_settings: AlarmSettings
) -> None:
    def dropped(process: str, count: int) -> None:
        counters = {"landing": {"spool": {"dropped": {"1": count}}}}
        save_collector_state(
            alarm_database, CollectorState(process=process, started_at=NOW, told_at=NOW, counters=counters)
        )

    dropped("north:1:a", 7)
    dropped("south:1:b", 100)
    assert look(alarm_database, alarm_settings, NOW).opened == 0
    dropped("north:1:a", 9)
    assert look(alarm_database, alarm_settings, NOW + timedelta(minutes=1)).opened == 1
    (row,) = alarm_database.execute("SELECT facts FROM incident_signal").fetchall()
    assert row[0]["dropped"] == 2
    assert row[0]["subject"].startswith("north:1:a: ")
    look(alarm_database, alarm_settings, NOW + timedelta(minutes=2))
    assert look(alarm_database, alarm_settings, NOW + timedelta(minutes=20)).open_incidents == 0
    # The counters of a process that is gone are forgotten, and when looking began is not.
    alarm_database.execute("DELETE FROM collector_state WHERE process = 'south:1:b'")
    look(alarm_database, alarm_settings, NOW + timedelta(days=8))
    rows = alarm_database.execute(
        "SELECT DISTINCT split_part(name, ':', 1) FROM operation_mark ORDER BY 1"
    ).fetchall()
    assert rows == [("first look",), ("last look",), ("north",)]


def spool_dropped(
    alarm_database: Connection, process: str, at: datetime, count: int, made_at: datetime | None = None
) -> None:
    """Tell what a process found in its spool, which several processes had one after the other."""
    spool = {
        "dropped": {"1": count},
        "file": "00ff",
        "made_at": None if made_at is None else made_at.isoformat(),
    }
    save_collector_state(
        alarm_database,
        CollectorState(
            process=process,
            started_at=at,
            told_at=at,
            counters={"landing": {"spool": spool, "unreadable_records": 0}},
        ),
    )


def test_what_a_new_process_dropped_before_it_first_told_is_an_incident(
    alarm_database: Connection, alarm_settings: AlarmSettings
) -> None:
    minute = timedelta(minutes=1)
    assert look(alarm_database, alarm_settings, NOW).opened == 0
    counters = {"mqtt": {"dropped": 3}, "landing": {"report": {"refused": 0}}}
    state = CollectorState(
        process="new:1:a", started_at=NOW + minute, told_at=NOW + 2 * minute, counters=counters
    )
    save_collector_state(alarm_database, state)
    assert look(alarm_database, alarm_settings, NOW + 2 * minute).opened == 1
    (row,) = alarm_database.execute("SELECT facts, starts_at FROM incident_signal").fetchall()
    assert (row[0]["dropped"], row[1]) == (3, NOW + minute)
    assert row[0]["subject"].startswith("new:1:a: MQTT messages")
    # The counters of the process begin anew with a changed archive, and with less than before.
    look(alarm_database, alarm_settings, NOW + 3 * minute)
    save_collector_state(alarm_database, replace(state, counters={"mqtt": {"dropped": 1}}))
    look(alarm_database, alarm_settings, NOW + 4 * minute)
    facts = alarm_database.execute(
        "SELECT facts->>'dropped' FROM incident_signal WHERE ends_at IS NULL"
    ).fetchall()
    assert facts == [("1",)]


def test_what_the_last_minute_of_a_killed_process_dropped_is_told_by_the_next_one_on_its_spool(
    alarm_database: Connection, alarm_settings: AlarmSettings
) -> None:
    spool_dropped(alarm_database, "c:1:a", NOW, 100)
    assert look(alarm_database, alarm_settings, NOW).opened == 0, (
        "what was lost before anybody looked is history"
    )
    spool_dropped(alarm_database, "c:2:b", NOW + timedelta(minutes=5), 107)
    assert look(alarm_database, alarm_settings, NOW + timedelta(minutes=5)).opened == 1
    (row,) = alarm_database.execute("SELECT facts FROM incident_signal").fetchall()
    assert (row[0]["dropped"], row[0]["subject"].partition(": ")[0]) == (7, "c:2:b")
    look(alarm_database, alarm_settings, NOW + timedelta(minutes=6))
    assert look(alarm_database, alarm_settings, NOW + timedelta(minutes=25)).open_incidents == 0


def test_a_drop_is_over_when_its_spool_has_another_process_that_drops_nothing(
    alarm_database: Connection, alarm_settings: AlarmSettings
) -> None:
    minute = timedelta(minutes=1)
    spool_dropped(alarm_database, "c:1:a", NOW, 100)
    look(alarm_database, alarm_settings, NOW)
    spool_dropped(alarm_database, "c:1:a", NOW + minute, 104)
    assert look(alarm_database, alarm_settings, NOW + minute).opened == 1
    spool_dropped(alarm_database, "c:2:b", NOW + 2 * minute, 104)
    look(alarm_database, alarm_settings, NOW + 2 * minute)
    ended = alarm_database.execute("SELECT ends_at FROM incident_signal").fetchall()
    assert ended == [(NOW + 2 * minute,)]
    assert look(alarm_database, alarm_settings, NOW + 20 * minute).open_incidents == 0


def test_a_spool_that_was_away_for_weeks_is_known_when_it_comes_back(
    alarm_database: Connection, alarm_settings: AlarmSettings
) -> None:
    made_at = NOW + timedelta(minutes=1)
    look(alarm_database, alarm_settings, NOW)
    spool_dropped(alarm_database, "c:1:a", NOW + timedelta(minutes=2), 100, made_at)
    assert look(alarm_database, alarm_settings, NOW + timedelta(minutes=2)).opened == 1
    # Another collector goes on telling meanwhile, and silent ones are forgotten after a week.
    for days in range(1, 30):
        at = NOW + timedelta(days=days)
        state = CollectorState(process="south:1:b", started_at=NOW, told_at=at, counters={})
        save_collector_state(alarm_database, state)
        look(alarm_database, alarm_settings, at)
    spool_dropped(alarm_database, "c:2:b", NOW + timedelta(days=30), 100, made_at)
    looked = look(alarm_database, alarm_settings, NOW + timedelta(days=30))
    assert (looked.opened, looked.open_incidents) == (0, 0)


def test_a_drop_that_nobody_tells_of_any_more_is_over(
    alarm_database: Connection, alarm_settings: AlarmSettings
) -> None:
    minute = timedelta(minutes=1)
    spool_dropped(alarm_database, "c:1:a", NOW, 100)
    look(alarm_database, alarm_settings, NOW)
    spool_dropped(alarm_database, "c:1:a", NOW + minute, 104)
    assert look(alarm_database, alarm_settings, NOW + minute).opened == 1
    # As after an upgrade that names its subjects in another way.
    alarm_database.execute('UPDATE incident_signal SET facts = facts || \'{"subject": "collector-a: 1"}\'')
    look(alarm_database, alarm_settings, NOW + 2 * minute)
    assert look(alarm_database, alarm_settings, NOW + 20 * minute).open_incidents == 0


@pytest.mark.parametrize(("made_minutes_ago", "opened"), [(1, 1), (None, 0), (60 * 24, 0)])
def test_a_spool_that_is_seen_for_the_first_time_is_news_only_if_it_was_made_since(
    alarm_database: Connection, alarm_settings: AlarmSettings, made_minutes_ago: int | None, opened: int
) -> None:
    look(alarm_database, alarm_settings, NOW)
    now = NOW + timedelta(minutes=10)
    made_at = None if made_minutes_ago is None else now - timedelta(minutes=made_minutes_ago)
    spool_dropped(alarm_database, "c:1:a", now, 100, made_at)
    assert look(alarm_database, alarm_settings, now).opened == opened


def test_what_waits_before_it_opens_a_closed_incident_again_opens_that_one(
    alarm_database: Connection, alarm_settings: AlarmSettings
) -> None:
    archive = feeder(1)
    save_registry(alarm_database, archive)
    meter = archive.meters[0].id
    # Silent from 03:15 to 04:15: open at 04:00, closed by 04:40; silent again from 04:45.
    read(alarm_database, [meter], [NOW - 4 * SLOT], got=True)
    read(alarm_database, [meter], [NOW - n * SLOT for n in range(4)], got=False)
    assert look(alarm_database, alarm_settings, NOW).opened == 1
    read(alarm_database, [meter], [NOW + n * SLOT for n in (1, 2)], got=True)
    for minute in (20, 40):
        look(alarm_database, alarm_settings, NOW + timedelta(minutes=minute))
    assert seen(alarm_database) == [("closed", "bus B0", 1, 1)]
    read(alarm_database, [meter], [NOW + n * SLOT for n in (3, 4, 5)], got=False)
    # After 16 and 17 minutes of the second silence it waits, after 31 it opens.
    for minute in (61, 62):
        assert look(alarm_database, alarm_settings, NOW + timedelta(minutes=minute)).open_incidents == 0
    looked = look(alarm_database, alarm_settings, NOW + timedelta(minutes=76))
    assert (looked.opened, looked.open_incidents) == (0, 1)
    assert alarm_database.execute("SELECT state, reopened, signals FROM incident").fetchall() == [
        ("open", 1, 2)
    ]


def test_flows_that_do_not_run_are_an_incident_until_the_server_says_that_they_do(
    alarm_database: Connection, alarm_settings: AlarmSettings
) -> None:
    def late(since: datetime, *flows: str) -> FlowsSeen:
        return FlowsSeen(observed=[Observed(what=FLOW_LATE, subject=flow, since=since) for flow in flows])

    save_registry(alarm_database, feeder(1))
    looked = look(
        alarm_database, alarm_settings, NOW, late(NOW - timedelta(minutes=12), "alarms/a", "loss/a")
    )
    assert looked.opened == 1, "one worker, one trouble"
    assert alarm_database.execute("SELECT cause, severity FROM incident").fetchall() == [
        ("flows", int(Severity.MAJOR))
    ]
    # A look that did not ask, and one at which the server was away, know nothing better.
    assert look(alarm_database, alarm_settings, NOW + timedelta(minutes=20)).open_incidents == 1
    away = FlowsSeen(told=frozenset({FLOW_SERVER_SILENT}))
    assert look(alarm_database, alarm_settings, NOW + timedelta(minutes=40), away).open_incidents == 1
    over = NOW + timedelta(minutes=60)
    assert look(alarm_database, alarm_settings, over, FlowsSeen()).open_incidents == 1, "closes after 15 min"
    assert look(alarm_database, alarm_settings, over + timedelta(minutes=16), FlowsSeen()).open_incidents == 0
