"""Messages to receivers that fail and senders that are killed: each is sent, once, under one id."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Queue
from threading import Event
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from pipeline.alarms.records import AlarmChannel, AlarmRoute, ChannelKind
from services.alarm_delivery import CLAIM, deliver
from services.alarm_settings import AlarmSettings
from services.alarms import look
from services.settings import Settings
from storage.database import Connection, connect
from storage.episodes import save_episodes
from storage.registry import save_registry
from tests.alarm_archive import NOW, episode, feeder, hook, mail_channel, told
from tests.fix_alarm_receivers import MailAddress, Receiver
from tests.fix_mosquitto import Broker, BrokerProcess


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(spool_dir=tmp_path)


def test_a_failing_channel_is_tried_again_with_the_same_id_and_does_not_stop_others(
    alarm_database: Connection,
    settings: Settings,
    alarm_settings: AlarmSettings,
    mailbox: MailAddress,
    receiver: Receiver,
) -> None:
    routes = [AlarmRoute(id="all", channels=("duty", "orders"))]
    save_registry(alarm_database, told(feeder(1), [mail_channel(), hook(receiver)], routes))
    save_episodes(alarm_database, [episode("a")])
    look(alarm_database, alarm_settings, NOW)
    receiver.status = 500
    at = [NOW]
    assert deliver(alarm_database, settings, alarm_settings, lambda: at[0]).sent == 1
    assert deliver(alarm_database, settings, alarm_settings, lambda: at[0]).failed == 0
    receiver.status = 204
    at[0] = NOW + timedelta(seconds=31)
    assert deliver(alarm_database, settings, alarm_settings, lambda: at[0]).sent == 1
    assert len(mailbox.mailbox.mails) == 1
    ids = {request.headers["webhook-id"] for request in receiver.requests}
    bodies = {request.body for request in receiver.requests}
    assert (len(receiver.requests), len(ids), len(bodies)) == (2, 1, 1)
    attempts = alarm_database.execute(
        "SELECT number, succeeded, answer FROM notification_attempt WHERE notification = %s ORDER BY number",
        (ids.pop(),),
    ).fetchall()
    assert [(n, ok) for n, ok, _ in attempts] == [(1, False), (2, True)]
    assert "HTTP 500" in str(attempts[0][2])


def test_a_fault_of_our_own_in_one_channel_is_kept_and_told_and_repeats_no_mail(
    alarm_database: Connection,
    alarm_settings: AlarmSettings,
    mailbox: MailAddress,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    routes = [AlarmRoute(id="all", channels=("chief", "duty", "orders"))]
    save_registry(
        alarm_database, told(feeder(1), [mail_channel(), mail_channel("chief"), hook(receiver)], routes)
    )
    save_episodes(alarm_database, [episode("a")])
    look(alarm_database, alarm_settings, NOW)
    monkeypatch.setattr("services.alarm_delivery.post", breaks)
    with pytest.raises(ZeroDivisionError):
        deliver(alarm_database, Settings(), alarm_settings, lambda: NOW)
    attempts = alarm_database.execute(
        "SELECT succeeded, count(*) FROM notification_attempt GROUP BY 1 ORDER BY 1"
    )
    assert attempts.fetchall() == [(False, 1), (True, 2)]
    # Two mails, and no third: not even when the claim is over.
    monkeypatch.undo()
    delivered = deliver(
        alarm_database, Settings(), alarm_settings, lambda: NOW + CLAIM + timedelta(seconds=1)
    )
    assert (delivered.sent, len(mailbox.mailbox.mails), len(receiver.requests)) == (1, 2, 1)


def test_a_channel_on_the_broker_gets_a_message_once_it_is_there(
    alarm_database: Connection, alarm_settings: AlarmSettings, own_mosquitto: BrokerProcess
) -> None:
    channel = AlarmChannel(id="screen", kind=ChannelKind.MQTT, address="kilowatch/alarms")
    save_registry(alarm_database, told(feeder(1), [channel], [AlarmRoute(id="all", channels=("screen",))]))
    save_episodes(alarm_database, [episode("a")])
    look(alarm_database, alarm_settings, NOW)
    broker = own_mosquitto.broker
    at = [NOW]
    # No broker is named, then it is away: each attempt says what to do, and the message waits.
    assert deliver(alarm_database, Settings(), alarm_settings, lambda: at[0]).failed == 1
    own_mosquitto.stop()
    settings = Settings(mqtt_host=broker.host, mqtt_port=broker.port)
    at[0] += timedelta(seconds=31)
    assert deliver(alarm_database, settings, alarm_settings, lambda: at[0]).failed == 1
    answers = alarm_database.execute("SELECT answer FROM notification_attempt ORDER BY number").fetchall()
    assert "KILOWATCH_MQTT_HOST" in answers[0][0]
    assert f"{broker.host}:{broker.port}" in answers[1][0]
    own_mosquitto.start()
    at[0] += timedelta(minutes=10)
    heard: Queue[dict[str, Any]] = Queue()
    with listening(broker, channel.address, heard):
        assert deliver(alarm_database, settings, alarm_settings, lambda: at[0]).sent == 1
        message = heard.get(timeout=20)
    assert heard.empty()
    (filed,) = alarm_database.execute("SELECT id::text FROM notification").fetchall()
    assert message["id"] == filed[0]
    assert message["type"] == "incident.opened"
    assert message["data"]["incident"]["kinds"] == {"voltage_loss": 1}


@contextmanager
def listening(broker: Broker, topic: str, heard: Queue[dict[str, Any]]) -> Iterator[None]:
    """Keep what is published on a topic while the block lasts."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    ready = Event()
    client.on_message = lambda _client, _data, message: heard.put(json.loads(message.payload))
    client.on_subscribe = lambda *_: ready.set()
    client.connect(broker.host, broker.port)
    client.loop_start()
    client.subscribe(topic, qos=1)
    try:
        assert ready.wait(20)
        yield
    finally:
        client.disconnect()
        client.loop_stop()


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
    alarm_database: Connection,
    database_url: str,
    settings: Settings,
    alarm_settings: AlarmSettings,
    receiver: Receiver,
) -> None:
    routes = [AlarmRoute(id="all", channels=("orders",))]
    save_registry(alarm_database, told(feeder(1), [hook(receiver)], routes))
    save_episodes(alarm_database, [episode("a")])
    look(alarm_database, alarm_settings, NOW)
    killed = subprocess.run([sys.executable, "-c", SEND_AND_DIE, database_url], check=False)  # noqa: S603 - our own program
    assert killed.returncode == 9
    assert len(receiver.requests) == 1
    # Nobody takes it while its sender may still be at work; afterwards somebody does, once.
    assert deliver(alarm_database, settings, alarm_settings).sent == 0
    after = datetime.now(UTC) + CLAIM + timedelta(seconds=1)
    assert deliver(alarm_database, settings, alarm_settings, lambda: after).sent == 1
    assert deliver(alarm_database, settings, alarm_settings, lambda: after + CLAIM).sent == 0
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert len(receiver.requests) == 2
    states = alarm_database.execute(
        "SELECT number, succeeded FROM notification_attempt ORDER BY number"
    ).fetchall()
    assert states == [(1, None), (2, True)]


def test_two_processes_send_each_message_once(
    alarm_database: Connection,
    database_url: str,
    settings: Settings,
    alarm_settings: AlarmSettings,
    receiver: Receiver,
) -> None:
    routes = [AlarmRoute(id=f"r{n}", channels=(f"c{n}",)) for n in range(40)]
    channels = [
        AlarmChannel(id=f"c{n}", kind=ChannelKind.WEBHOOK, address=f"{receiver.url}/{n}") for n in range(40)
    ]
    save_registry(alarm_database, told(feeder(1), channels, routes))
    save_episodes(alarm_database, [episode("a")])
    assert look(alarm_database, alarm_settings, NOW).messages == 40

    def work(_: int) -> int:
        with connect(database_url) as own:
            return deliver(own, settings, alarm_settings).sent

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 40
    assert len(receiver.requests) == 40
    assert len({request.path for request in receiver.requests}) == 40
