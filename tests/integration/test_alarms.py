"""Alarms through the database to real receivers: one incident, one message a route, whatever is killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.mail import Security
from pipeline.alarms.model import IncidentState
from pipeline.alarms.records import AlarmChannel, AlarmRoute, ChannelKind, Language
from pipeline.archive_records import WorkOrder
from pipeline.coverage import Cause
from pipeline.errors import DataError
from pipeline.model import Episode, MeterId, Severity, Verdict
from services.alarm_delivery import CLAIM, deliver
from services.alarm_settings import AlarmSettings
from services.alarms import LOOK_BACK, Looked, acknowledge, look
from services.persons import Person
from services.settings import Settings
from storage.collector_states import CollectorState, save_collector_state
from storage.database import Connection, connect
from storage.episode_changes import EpisodeChange, NewFields, change_episode
from storage.episodes import EpisodeState, save_episodes
from storage.incidents import standing_incidents
from storage.leases import take_leases
from storage.registry import load_registry, save_registry
from tests.alarm_archive import SLOT, feeder, read, told
from tests.fix_alarm_receivers import MailAddress, Receiver

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
CREW = Person(account="li", host="desk")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(spool_dir=tmp_path)


@pytest.fixture
def alarms(mailbox: MailAddress) -> AlarmSettings:
    return AlarmSettings(
        smtp_host=mailbox.host,
        smtp_port=mailbox.port,
        smtp_security=Security.NONE,
        smtp_from="kilowatch@grid.example",
        dashboard_url="https://k.grid.example",
    )


@pytest.fixture
def db(database_url: str) -> Iterator[Connection]:
    with connect(database_url) as connection:
        yield connection


def mail_channel(name: str = "duty") -> AlarmChannel:
    return AlarmChannel(id=name, kind=ChannelKind.EMAIL, address=f"{name}@grid.example")


def hook(receiver: Receiver) -> AlarmChannel:
    return AlarmChannel(id="orders", kind=ChannelKind.WEBHOOK, address=f"{receiver.url}/alarms")


def episode(name: str, meter: str = "M000", **changed: object) -> Episode:
    values: dict[str, object] = {
        "id": name,
        "detector": "voltage_loss",
        "version": 1,
        "meter": MeterId(meter),
        "starts_at": NOW - timedelta(hours=2),
        "ends_at": None,
        "detected_at": NOW,
        "verdict": Verdict.ABNORMAL,
        "severity": Severity.MAJOR,
        "score": 0.9,
        "message": "episode.voltage_loss",
        "parameters": {},
        **changed,
    }
    return Episode(**values)  # type: ignore[arg-type]  # its own fields, by name


def seen(db: Connection) -> list[tuple[str, str, int, int]]:
    rows = db.execute("SELECT state, place, signals, meters FROM incident ORDER BY state, id").fetchall()
    return [(str(a), str(b), c, d) for a, b, c, d in rows]


def test_a_storm_of_300_meters_is_one_incident_and_one_mail_a_route(
    db: Connection, settings: Settings, alarms: AlarmSettings, mailbox: MailAddress
) -> None:
    archive = feeder()
    channels = [mail_channel("duty"), mail_channel("chief")]
    routes = [
        AlarmRoute(id="duty", channels=("duty",)),
        AlarmRoute(id="chief", channels=("chief",), language=Language.ENGLISH),
    ]
    save_registry(db, told(archive, channels, routes))
    meters = [meter.id for meter in archive.meters]
    read(db, meters, [NOW - 8 * SLOT], got=True)
    read(db, meters, [NOW - n * SLOT for n in range(6)], got=False)
    looked = look(db, alarms, NOW)
    delivered = deliver(db, settings, alarms)
    assert looked == Looked(open_incidents=1, opened=1, signals=300, messages=2, held=0)
    assert (delivered.sent, delivered.failed) == (2, 0)
    assert seen(db) == [("open", "", 300, 300)]
    subjects = {mail["To"]: mail["Subject"] for mail in mailbox.mailbox.mails}
    assert subjects == {
        "duty@grid.example": "【严重】新告警：通信中断，多处",
        "chief@grid.example": "[Major] New incident: Communication lost, several places",
    }
    again = look(db, alarms, NOW + timedelta(minutes=1))
    assert (again.opened, again.messages, again.signals) == (0, 0, 300)
    # All are heard again: the incident closes, and those who heard of it hear of its end.
    read(db, meters, [NOW + SLOT], got=True)
    look(db, alarms, NOW + timedelta(minutes=20))
    closed = look(db, alarms, NOW + timedelta(minutes=40))
    assert (closed.open_incidents, closed.messages) == (0, 2)
    deliver(db, settings, alarms)
    assert len(mailbox.mailbox.mails) == 4
    assert "告警恢复" in str({m["Subject"] for m in mailbox.mailbox.mails})


def test_a_line_that_is_down_is_told_as_such(db: Connection, alarms: AlarmSettings) -> None:
    archive = feeder(30, buses=3)
    save_registry(db, archive)
    on_b1 = [MeterId(f"M{n:03d}") for n in range(1, 30, 3)]
    read(db, on_b1, [NOW - n * SLOT for n in range(4)], got=False, cause=Cause.LINK)
    look(db, alarms, NOW)
    assert seen(db) == [("open", "bus B1", 11, 10)]
    assert db.execute("SELECT severity FROM incident").fetchall() == [(int(Severity.MAJOR),)]


def test_a_silent_meter_that_is_taken_down_and_a_bus_without_meters_are_silent_no_more(
    db: Connection, alarms: AlarmSettings
) -> None:
    # M000 on B0 gives no answer; B1 with M001 is down as a line; on B2 hangs nothing.
    archive = feeder(2, buses=3)
    save_registry(db, archive)
    for meter, cause in zip(archive.meters, (Cause.NO_ANSWER, Cause.LINK), strict=True):
        read(db, [meter.id], [NOW - n * SLOT for n in range(4)], got=False, cause=cause)
    assert look(db, alarms, NOW).open_incidents == 2
    later = NOW + timedelta(hours=4)
    # Nothing is known of them: no collector asks. They go on.
    assert look(db, alarms, later).open_incidents == 2
    db.execute("UPDATE installation SET ends_at = %s WHERE bus = 'B0'", (later,))
    db.execute("UPDATE installation SET bus = 'B2' WHERE bus = 'B1'")
    look(db, alarms, later + timedelta(minutes=1))
    going_on = db.execute("SELECT what, meter FROM incident_signal WHERE ends_at IS NULL").fetchall()
    assert going_on == [("meter_silent", "M001")], "that one hangs still"
    look(db, alarms, later + timedelta(minutes=17))
    places = db.execute("SELECT place FROM incident WHERE state = 'open'").fetchall()
    assert places == [("bus B1",)]


def test_a_collector_that_stops_renewing_its_leases_is_an_incident_until_another_takes_over(
    db: Connection, alarms: AlarmSettings
) -> None:
    save_registry(db, feeder(2, buses=2))
    take_leases(db, ["B0", "B1"], owner="host:1:a", lasting=timedelta(seconds=0))
    now = datetime.now(UTC) + timedelta(minutes=5)
    looked = look(db, alarms, now)
    assert looked.opened == 1
    assert seen(db) == [("open", "whole", 1, 0)]
    take_leases(db, ["B0", "B1"], owner="host:2:b", lasting=timedelta(hours=1))
    look(db, alarms, now + timedelta(minutes=1))
    assert look(db, alarms, now + timedelta(minutes=7)).open_incidents == 0


def test_dropped_readings_are_an_incident_while_the_counter_of_a_process_anywhere_grows(
    db: Connection, alarms: AlarmSettings
) -> None:
    def dropped(process: str, count: int) -> None:
        counters = {"landing": {"spool": {"dropped": {"1": count}}}}
        save_collector_state(
            db, CollectorState(process=process, started_at=NOW, told_at=NOW, counters=counters)
        )

    dropped("north:1:a", 7)
    dropped("south:1:b", 100)
    assert look(db, alarms, NOW).opened == 0
    dropped("north:1:a", 9)
    assert look(db, alarms, NOW + timedelta(minutes=1)).opened == 1
    (row,) = db.execute("SELECT facts FROM incident_signal").fetchall()
    assert row[0]["dropped"] == 2
    assert row[0]["subject"].startswith("north:1:a: ")
    look(db, alarms, NOW + timedelta(minutes=2))
    assert look(db, alarms, NOW + timedelta(minutes=20)).open_incidents == 0
    # The counters of a process that is gone are forgotten, and when looking began is not.
    db.execute("DELETE FROM collector_state WHERE process = 'south:1:b'")
    look(db, alarms, NOW + timedelta(days=8))
    rows = db.execute("SELECT DISTINCT split_part(name, ':', 1) FROM operation_mark ORDER BY 1").fetchall()
    assert rows == [("first look",), ("last look",), ("north",)]


def spool_dropped(
    db: Connection, process: str, at: datetime, count: int, made_at: datetime | None = None
) -> None:
    """Tell what a process found in its spool, which several processes had one after the other."""
    spool = {
        "dropped": {"1": count},
        "file": "00ff",
        "made_at": None if made_at is None else made_at.isoformat(),
    }
    save_collector_state(
        db,
        CollectorState(
            process=process,
            started_at=at,
            told_at=at,
            counters={"landing": {"spool": spool, "unreadable_records": 0}},
        ),
    )


def test_what_a_new_process_dropped_before_it_first_told_is_an_incident(
    db: Connection, alarms: AlarmSettings
) -> None:
    minute = timedelta(minutes=1)
    assert look(db, alarms, NOW).opened == 0
    counters = {"mqtt": {"dropped": 3}, "landing": {"report": {"refused": 0}}}
    state = CollectorState(
        process="new:1:a", started_at=NOW + minute, told_at=NOW + 2 * minute, counters=counters
    )
    save_collector_state(db, state)
    assert look(db, alarms, NOW + 2 * minute).opened == 1
    (row,) = db.execute("SELECT facts, starts_at FROM incident_signal").fetchall()
    assert (row[0]["dropped"], row[1]) == (3, NOW + minute)
    assert row[0]["subject"].startswith("new:1:a: MQTT messages")
    # The counters of the process begin anew with a changed archive, and with less than before.
    look(db, alarms, NOW + 3 * minute)
    save_collector_state(db, replace(state, counters={"mqtt": {"dropped": 1}}))
    look(db, alarms, NOW + 4 * minute)
    facts = db.execute("SELECT facts->>'dropped' FROM incident_signal WHERE ends_at IS NULL").fetchall()
    assert facts == [("1",)]


def test_what_the_last_minute_of_a_killed_process_dropped_is_told_by_the_next_one_on_its_spool(
    db: Connection, alarms: AlarmSettings
) -> None:
    spool_dropped(db, "c:1:a", NOW, 100)
    assert look(db, alarms, NOW).opened == 0, "what was lost before anybody looked is history"
    spool_dropped(db, "c:2:b", NOW + timedelta(minutes=5), 107)
    assert look(db, alarms, NOW + timedelta(minutes=5)).opened == 1
    (row,) = db.execute("SELECT facts FROM incident_signal").fetchall()
    assert (row[0]["dropped"], row[0]["subject"].partition(": ")[0]) == (7, "c:2:b")
    look(db, alarms, NOW + timedelta(minutes=6))
    assert look(db, alarms, NOW + timedelta(minutes=25)).open_incidents == 0


@pytest.mark.parametrize(("made_minutes_ago", "opened"), [(1, 1), (None, 0), (60 * 24, 0)])
def test_a_spool_that_is_seen_for_the_first_time_is_news_only_if_it_was_made_since(
    db: Connection, alarms: AlarmSettings, made_minutes_ago: int | None, opened: int
) -> None:
    look(db, alarms, NOW)
    now = NOW + timedelta(minutes=10)
    made_at = None if made_minutes_ago is None else now - timedelta(minutes=made_minutes_ago)
    spool_dropped(db, "c:1:a", now, 100, made_at)
    assert look(db, alarms, now).opened == opened


def test_an_episode_that_is_withdrawn_rejected_or_closed_ends_its_incident(
    db: Connection, alarms: AlarmSettings
) -> None:
    save_registry(db, feeder(3))
    save_episodes(db, [episode("a", "M000"), episode("b", "M001"), episode("c", "M002")])
    assert look(db, alarms, NOW).open_incidents == 3
    save_episodes(db, [episode("a", "M000", verdict=Verdict.NORMAL)])
    change = EpisodeChange(at=NOW, person="li", deed="closed", detail="")
    change_episode(db, "b", NewFields(state=EpisodeState.REJECTED), change, revision=None)
    change_episode(db, "c", NewFields(state=EpisodeState.CLOSED), change, revision=None)
    look(db, alarms, NOW + timedelta(minutes=1))
    assert look(db, alarms, NOW + timedelta(minutes=32)).open_incidents == 0
    assert look(db, alarms, NOW + timedelta(minutes=33)).opened == 0


def test_a_closed_episode_without_an_end_keeps_its_incident_as_it_was_however_long_after(
    db: Connection, alarms: AlarmSettings
) -> None:
    save_registry(db, feeder(1))
    save_episodes(db, [episode("a")])
    look(db, alarms, NOW)
    change = EpisodeChange(at=NOW, person="li", deed="closed", detail="")
    change_episode(db, "a", NewFields(state=EpisodeState.CLOSED), change, revision=None)
    decided = db.execute("SELECT decided_at FROM episode").fetchall()[0][0]
    for minute in (1, 31):
        look(db, alarms, decided + timedelta(minutes=minute))
    kept = db.execute("SELECT * FROM incident").fetchall()
    assert seen(db) == [("closed", "service_point SP-M000", 1, 1)]
    for minute in (-1, 0, 1, 2, 60):
        looked = look(db, alarms, decided + LOOK_BACK + timedelta(minutes=minute))
        assert (looked.opened, looked.open_incidents) == (0, 0)
    # Neither its times nor what people wrote have been touched, and nothing was written over.
    assert db.execute("SELECT * FROM incident").fetchall() == kept


def test_what_a_person_closed_before_any_look_opens_no_incident(
    db: Connection, alarms: AlarmSettings
) -> None:
    save_registry(db, feeder(1))
    save_episodes(db, [episode("a")])
    change = EpisodeChange(at=NOW, person="li", deed="closed", detail="")
    change_episode(db, "a", NewFields(state=EpisodeState.CLOSED), change, revision=None)
    assert look(db, alarms, NOW).opened == 0


def test_what_was_over_when_detection_found_it_is_told_and_history_is_not(
    db: Connection, alarms: AlarmSettings
) -> None:
    save_registry(db, told(feeder(2), [mail_channel()], [AlarmRoute(id="duty", channels=("duty",))]))

    def tamper(name: str, meter: str, begins: int, ends: int) -> Episode:
        at = {"starts_at": NOW + timedelta(minutes=begins), "ends_at": NOW + timedelta(minutes=ends)}
        return episode(name, meter, detector="meter_tamper", severity=Severity.CRITICAL, **at)

    # A first start tells nothing of what was over for 37 minutes.
    save_episodes(db, [tamper("old", "M000", -57, -37)])
    assert look(db, alarms, NOW).messages == 0
    # From 30 to 50 minutes later; found and told after 87, closed and told 30 minutes after that.
    save_episodes(db, [tamper("new", "M001", 30, 50)])
    looked = look(db, alarms, NOW + timedelta(minutes=87))
    assert (looked.opened, looked.open_incidents, looked.messages) == (1, 1, 1)
    looked = look(db, alarms, NOW + timedelta(minutes=116))
    assert (looked.open_incidents, looked.messages) == (1, 0)
    looked = look(db, alarms, NOW + timedelta(minutes=117))
    assert (looked.open_incidents, looked.messages) == (0, 1)
    for days in (1, 3, 4):
        looked = look(db, alarms, NOW + timedelta(days=days))
        assert (looked.opened, looked.messages) == (0, 0)


def test_what_waits_before_it_opens_a_closed_incident_again_opens_that_one(
    db: Connection, alarms: AlarmSettings
) -> None:
    archive = feeder(1)
    save_registry(db, archive)
    meter = archive.meters[0].id
    # Silent from 03:15 to 04:15: open at 04:00, closed by 04:40; silent again from 04:45.
    read(db, [meter], [NOW - 4 * SLOT], got=True)
    read(db, [meter], [NOW - n * SLOT for n in range(4)], got=False)
    assert look(db, alarms, NOW).opened == 1
    read(db, [meter], [NOW + n * SLOT for n in (1, 2)], got=True)
    for minute in (20, 40):
        look(db, alarms, NOW + timedelta(minutes=minute))
    assert seen(db) == [("closed", "bus B0", 1, 1)]
    read(db, [meter], [NOW + n * SLOT for n in (3, 4, 5)], got=False)
    # After 16 and 17 minutes of the second silence it waits, after 31 it opens.
    for minute in (61, 62):
        assert look(db, alarms, NOW + timedelta(minutes=minute)).open_incidents == 0
    looked = look(db, alarms, NOW + timedelta(minutes=76))
    assert (looked.opened, looked.open_incidents) == (0, 1)
    assert db.execute("SELECT state, reopened, signals FROM incident").fetchall() == [("open", 1, 2)]


def test_what_is_over_for_long_is_not_looked_at_again(db: Connection, alarms: AlarmSettings) -> None:
    save_registry(db, feeder(1))
    save_episodes(db, [episode("a", ends_at=NOW)])
    look(db, alarms, NOW + timedelta(hours=1))
    assert len(standing_incidents(db, since=NOW - LOOK_BACK)) == 1
    later = NOW + LOOK_BACK + timedelta(hours=1)
    assert look(db, alarms, later).signals == 0
    assert seen(db) == [(IncidentState.CLOSED, "service_point SP-M000", 1, 1)]


def test_a_work_order_holds_the_message_back_and_not_the_incident(
    db: Connection, alarms: AlarmSettings
) -> None:
    order = WorkOrder(
        id="W1", service_point="SP-M000", starts_at=NOW - 8 * SLOT, ends_at=NOW + timedelta(hours=1)
    )
    archive = told(feeder(2), [mail_channel()], [AlarmRoute(id="duty", channels=("duty",))])
    save_registry(db, archive)
    db.execute(
        "INSERT INTO work_order (id, service_point, kind, starts_at, ends_at) VALUES (%s, %s, '', %s, %s)",
        (order.id, order.service_point, order.starts_at, order.ends_at),
    )
    save_episodes(db, [episode("a")])
    looked = look(db, alarms, NOW)
    assert (looked.opened, looked.messages, looked.held) == (1, 0, 1)
    assert db.execute("SELECT held->0->>'by' FROM incident").fetchall() == [("maintenance",)]
    assert look(db, alarms, NOW + timedelta(hours=1)).messages == 1
    assert db.execute("SELECT held FROM incident").fetchall() == [([],)]


def test_an_acknowledgement_stops_the_escalation_and_stays_through_looks(
    db: Connection, alarms: AlarmSettings
) -> None:
    routes = [
        AlarmRoute(id="duty", channels=("duty",)),
        AlarmRoute(id="chief", channels=("chief",), after_min=30),
    ]
    save_registry(db, told(feeder(2), [mail_channel(), mail_channel("chief")], routes))
    save_episodes(db, [episode("a", "M000"), episode("b", "M001")])
    assert look(db, alarms, NOW).messages == 2
    first, second = (incident.id for incident in standing_incidents(db, since=NOW))
    acknowledge(db, first, CREW, NOW, "on my way")
    assert look(db, alarms, NOW + timedelta(minutes=31)).messages == 1
    rows = db.execute("SELECT acknowledged_by, note FROM incident WHERE id = %s", (first,)).fetchall()
    assert rows == [("li (li@desk)", "on my way")]
    about = db.execute("SELECT incident FROM notification_about WHERE channel = 'chief'").fetchall()
    assert about == [(second,)]
    with pytest.raises(DataError, match="no incident 'nope'"):
        acknowledge(db, "nope", CREW, NOW)


def test_a_failing_channel_is_tried_again_with_the_same_id_and_does_not_stop_others(
    db: Connection,
    settings: Settings,
    alarms: AlarmSettings,
    mailbox: MailAddress,
    receiver: Receiver,
) -> None:
    routes = [AlarmRoute(id="all", channels=("duty", "orders"))]
    save_registry(db, told(feeder(1), [mail_channel(), hook(receiver)], routes))
    save_episodes(db, [episode("a")])
    look(db, alarms, NOW)
    receiver.status = 500
    at = [NOW]
    assert deliver(db, settings, alarms, lambda: at[0]).sent == 1
    assert deliver(db, settings, alarms, lambda: at[0]).failed == 0
    receiver.status = 204
    at[0] = NOW + timedelta(seconds=31)
    assert deliver(db, settings, alarms, lambda: at[0]).sent == 1
    assert len(mailbox.mailbox.mails) == 1
    ids = {request.headers["webhook-id"] for request in receiver.requests}
    bodies = {request.body for request in receiver.requests}
    assert (len(receiver.requests), len(ids), len(bodies)) == (2, 1, 1)
    attempts = db.execute(
        "SELECT number, succeeded, answer FROM notification_attempt WHERE notification = %s ORDER BY number",
        (ids.pop(),),
    ).fetchall()
    assert [(n, ok) for n, ok, _ in attempts] == [(1, False), (2, True)]
    assert "HTTP 500" in str(attempts[0][2])


def test_a_fault_of_our_own_in_one_channel_is_kept_and_told_and_repeats_no_mail(
    db: Connection,
    alarms: AlarmSettings,
    mailbox: MailAddress,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    routes = [AlarmRoute(id="all", channels=("chief", "duty", "orders"))]
    save_registry(db, told(feeder(1), [mail_channel(), mail_channel("chief"), hook(receiver)], routes))
    save_episodes(db, [episode("a")])
    look(db, alarms, NOW)
    monkeypatch.setattr("services.alarm_delivery.post", breaks)
    with pytest.raises(ZeroDivisionError):
        deliver(db, Settings(), alarms, lambda: NOW)
    attempts = db.execute("SELECT succeeded, count(*) FROM notification_attempt GROUP BY 1 ORDER BY 1")
    assert attempts.fetchall() == [(False, 1), (True, 2)]
    # Two mails, and no third: not even when the claim is over.
    monkeypatch.undo()
    delivered = deliver(db, Settings(), alarms, lambda: NOW + CLAIM + timedelta(seconds=1))
    assert (delivered.sent, len(mailbox.mailbox.mails), len(receiver.requests)) == (1, 2, 1)


SEND_AND_DIE = """
import os, sys
from services import alarm_delivery
from services.alarm_settings import AlarmSettings
from services.settings import Settings
from storage.database import connect

alarm_delivery._record = lambda *_: os._exit(9)  # between sending and recording
with connect(sys.argv[1]) as connection:
    alarm_delivery.deliver(connection, Settings(), AlarmSettings())
"""


def test_who_is_killed_between_sending_and_recording_leaves_the_message_to_others_under_its_id(
    db: Connection, database_url: str, settings: Settings, alarms: AlarmSettings, receiver: Receiver
) -> None:
    routes = [AlarmRoute(id="all", channels=("orders",))]
    save_registry(db, told(feeder(1), [hook(receiver)], routes))
    save_episodes(db, [episode("a")])
    look(db, alarms, NOW)
    killed = subprocess.run([sys.executable, "-c", SEND_AND_DIE, database_url], check=False)  # noqa: S603 - our own program
    assert killed.returncode == 9
    assert len(receiver.requests) == 1
    # Nobody takes it while its sender may still be at work; afterwards somebody does, once.
    assert deliver(db, settings, alarms).sent == 0
    after = datetime.now(UTC) + CLAIM + timedelta(seconds=1)
    assert deliver(db, settings, alarms, lambda: after).sent == 1
    assert deliver(db, settings, alarms, lambda: after + CLAIM).sent == 0
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert len(receiver.requests) == 2
    states = db.execute("SELECT number, succeeded FROM notification_attempt ORDER BY number").fetchall()
    assert states == [(1, None), (2, True)]


def test_two_processes_send_each_message_once(
    db: Connection, database_url: str, settings: Settings, alarms: AlarmSettings, receiver: Receiver
) -> None:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only here

    routes = [AlarmRoute(id=f"r{n}", channels=(f"c{n}",)) for n in range(40)]
    channels = [
        AlarmChannel(id=f"c{n}", kind=ChannelKind.WEBHOOK, address=f"{receiver.url}/{n}") for n in range(40)
    ]
    save_registry(db, told(feeder(1), channels, routes))
    save_episodes(db, [episode("a")])
    assert look(db, alarms, NOW).messages == 40

    def work(_: int) -> int:
        with connect(database_url) as own:
            return deliver(own, settings, alarms).sent

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 40
    assert len(receiver.requests) == 40
    assert len({request.path for request in receiver.requests}) == 40


def test_while_one_process_looks_another_leaves_it_alone(
    db: Connection, database_url: str, alarms: AlarmSettings
) -> None:
    with connect(database_url) as other, other.transaction():
        other.execute("SELECT pg_advisory_xact_lock(3200001)")
        assert look(db, alarms, NOW).elsewhere
    assert not look(db, alarms, NOW).elsewhere


def test_channels_and_routes_are_kept_in_the_archive(db: Connection, receiver: Receiver) -> None:
    archive = told(feeder(1), [hook(receiver)], [AlarmRoute(id="r", channels=("orders",), areas=("A0",))])
    save_registry(db, archive)
    loaded = load_registry(db)
    assert (loaded.alarm_channels, loaded.alarm_routes) == (archive.alarm_channels, archive.alarm_routes)


def test_alarms_work_on_plain_postgresql_too(plain_database_url: str, alarms: AlarmSettings) -> None:
    with connect(plain_database_url) as plain:
        save_registry(plain, feeder(12))
        meters = [meter.id for meter in load_registry(plain).meters]
        read(plain, meters, [NOW - n * SLOT for n in range(6)], got=False)
        assert look(plain, alarms, NOW).open_incidents == 1
