"""Alarms through the database to real receivers: one incident, one message a route, held and escalated."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.alarms.records import AlarmRoute, Language
from pipeline.archive_records import WorkOrder
from pipeline.errors import DataError
from services.alarm_delivery import deliver
from services.alarm_settings import AlarmSettings
from services.alarms import Looked, acknowledge, look
from services.persons import Person
from services.settings import Settings
from storage.database import Connection, connect
from storage.episodes import save_episodes
from storage.incidents import standing_incidents
from storage.registry import load_registry, save_registry
from tests.alarm_archive import NOW, SLOT, episode, feeder, hook, mail_channel, read, seen, told
from tests.fix_alarm_receivers import MailAddress, Receiver

CREW = Person(account="li", host="desk")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(spool_dir=tmp_path)


def test_a_storm_of_300_meters_is_one_incident_and_one_mail_a_route(
    alarm_database: Connection, settings: Settings, alarm_settings: AlarmSettings, mailbox: MailAddress
) -> None:
    archive = feeder()
    channels = [mail_channel("duty"), mail_channel("chief")]
    routes = [
        AlarmRoute(id="duty", channels=("duty",)),
        AlarmRoute(id="chief", channels=("chief",), language=Language.ENGLISH),
    ]
    save_registry(alarm_database, told(archive, channels, routes))
    meters = [meter.id for meter in archive.meters]
    read(alarm_database, meters, [NOW - 8 * SLOT], got=True)
    read(alarm_database, meters, [NOW - n * SLOT for n in range(6)], got=False)
    looked = look(alarm_database, alarm_settings, NOW)
    delivered = deliver(alarm_database, settings, alarm_settings)
    assert looked == Looked(open_incidents=1, opened=1, signals=300, messages=2, held=0)
    assert (delivered.sent, delivered.failed) == (2, 0)
    assert seen(alarm_database) == [("open", "", 300, 300)]
    subjects = {mail["To"]: mail["Subject"] for mail in mailbox.mailbox.mails}
    assert subjects == {
        "duty@grid.example": "【严重】新告警：通信中断，多处",
        "chief@grid.example": "[Major] New incident: Communication lost, several places",
    }
    again = look(alarm_database, alarm_settings, NOW + timedelta(minutes=1))
    assert (again.opened, again.messages, again.signals) == (0, 0, 300)
    # All are heard again: the incident closes, and those who heard of it hear of its end.
    read(alarm_database, meters, [NOW + SLOT], got=True)
    look(alarm_database, alarm_settings, NOW + timedelta(minutes=20))
    closed = look(alarm_database, alarm_settings, NOW + timedelta(minutes=40))
    assert (closed.open_incidents, closed.messages) == (0, 2)
    deliver(alarm_database, settings, alarm_settings)
    assert len(mailbox.mailbox.mails) == 4
    assert "告警恢复" in str({m["Subject"] for m in mailbox.mailbox.mails})


def test_a_work_order_holds_the_message_back_and_not_the_incident(
    alarm_database: Connection, alarm_settings: AlarmSettings
) -> None:
    order = WorkOrder(
        id="W1", service_point="SP-M000", starts_at=NOW - 8 * SLOT, ends_at=NOW + timedelta(hours=1)
    )
    archive = told(feeder(2), [mail_channel()], [AlarmRoute(id="duty", channels=("duty",))])
    save_registry(alarm_database, archive)
    alarm_database.execute(
        "INSERT INTO work_order (id, service_point, kind, starts_at, ends_at) VALUES (%s, %s, '', %s, %s)",
        (order.id, order.service_point, order.starts_at, order.ends_at),
    )
    save_episodes(alarm_database, [episode("a")])
    looked = look(alarm_database, alarm_settings, NOW)
    assert (looked.opened, looked.messages, looked.held) == (1, 0, 1)
    assert alarm_database.execute("SELECT held->0->>'by' FROM incident").fetchall() == [("maintenance",)]
    assert look(alarm_database, alarm_settings, NOW + timedelta(hours=1)).messages == 1
    assert alarm_database.execute("SELECT held FROM incident").fetchall() == [([],)]


def test_an_acknowledgement_stops_the_escalation_and_stays_through_looks(
    alarm_database: Connection, alarm_settings: AlarmSettings
) -> None:
    routes = [
        AlarmRoute(id="duty", channels=("duty",)),
        AlarmRoute(id="chief", channels=("chief",), after_min=30),
    ]
    save_registry(alarm_database, told(feeder(2), [mail_channel(), mail_channel("chief")], routes))
    save_episodes(alarm_database, [episode("a", "M000"), episode("b", "M001")])
    assert look(alarm_database, alarm_settings, NOW).messages == 2
    first, second = (incident.id for incident in standing_incidents(alarm_database, since=NOW))
    acknowledge(alarm_database, first, CREW, NOW, "on my way")
    assert look(alarm_database, alarm_settings, NOW + timedelta(minutes=31)).messages == 1
    rows = alarm_database.execute(
        "SELECT acknowledged_by, note FROM incident WHERE id = %s", (first,)
    ).fetchall()
    assert rows == [("li (li@desk)", "on my way")]
    about = alarm_database.execute(
        "SELECT incident FROM notification_about WHERE channel = 'chief'"
    ).fetchall()
    assert about == [(second,)]
    with pytest.raises(DataError, match="no incident 'nope'"):
        acknowledge(alarm_database, "nope", CREW, NOW)


def test_while_one_process_looks_another_leaves_it_alone(
    alarm_database: Connection, database_url: str, alarm_settings: AlarmSettings
) -> None:
    with connect(database_url) as other, other.transaction():
        other.execute("SELECT pg_advisory_xact_lock(3200001)")
        assert look(alarm_database, alarm_settings, NOW).elsewhere
    assert not look(alarm_database, alarm_settings, NOW).elsewhere


def test_channels_and_routes_are_kept_in_the_archive(alarm_database: Connection, receiver: Receiver) -> None:
    archive = told(feeder(1), [hook(receiver)], [AlarmRoute(id="r", channels=("orders",), areas=("A0",))])
    save_registry(alarm_database, archive)
    loaded = load_registry(alarm_database)
    assert (loaded.alarm_channels, loaded.alarm_routes) == (archive.alarm_channels, archive.alarm_routes)


def test_alarms_work_on_plain_postgresql_too(plain_database_url: str, alarm_settings: AlarmSettings) -> None:
    with connect(plain_database_url) as plain:
        save_registry(plain, feeder(12))
        meters = [meter.id for meter in load_registry(plain).meters]
        read(plain, meters, [NOW - n * SLOT for n in range(6)], got=False)
        assert look(plain, alarm_settings, NOW).open_incidents == 1
