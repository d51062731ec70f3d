"""A collector in a process of its own that takes MQTT messages, and may be killed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import paho.mqtt.client as mqtt
import psycopg
from paho.mqtt.enums import CallbackAPIVersion

from pipeline.model import MeterId
from pipeline.registry import Meter, MqttSource, Registry
from storage.database import connect
from storage.registry import save_registry
from tests.e2e.command import PROGRAM
from tests.fix_mosquitto import Broker

START = datetime(2026, 11, 22, 4, tzinfo=UTC)
TIMEOUT_S = 40.0
METERS = ("A", "B", "C")


def archive(url: str, topic: str) -> None:
    """File three meters that report below ``topic``."""
    source = MqttSource(id="gw", topic=f"{topic}/+")
    with connect(url) as connection:
        save_registry(
            connection, Registry(meters=[Meter(id=MeterId(m)) for m in METERS], mqtt_sources=[source])
        )


@contextmanager
def collector(
    url: str, broker: Broker, folder: Path, settings: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``kilowatch collect``; its log is in ``folder``."""
    given = {
        "DATABASE_URL": url,
        "MQTT_HOST": broker.host,
        "MQTT_PORT": str(broker.port),
        "LOCK_DIR": str(folder / "locks"),
        "SPOOL_DIR": str(folder / "spool"),
        **settings,
    }
    environment = {**os.environ, **{f"KILOWATCH_{name}": value for name, value in given.items()}}
    with (folder / "collector.log").open("ab") as log:
        process = subprocess.Popen([*PROGRAM, "collect"], env=environment, stdout=log, stderr=log)  # noqa: S603 - our own program
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def publish(broker: Broker, topic: str, numbers: Iterable[int]) -> None:
    """Publish one numbered reading a message; return when the broker has acknowledged them all."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.connect(broker.host, broker.port)
    client.loop_start()
    for info in [client.publish(f"{topic}/gw", _reading(number), qos=1) for number in numbers]:
        info.wait_for_publish(TIMEOUT_S)
        assert info.is_published()
    client.disconnect()
    client.loop_stop()


def _reading(number: int) -> bytes:
    meter = METERS[number % len(METERS)]
    taken_at = (START + timedelta(seconds=number)).isoformat()
    reading = {"meter": meter, "taken_at": taken_at, "values": {"active_energy_import": number}}
    return orjson.dumps({"readings": [reading]})


def stored(url: str) -> list[int]:
    """Return the numbers of the readings in the database, each as often as it is there."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT active_energy_import FROM register_reading ORDER BY 1")
        return [int(value) for (value,) in rows]


def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def counters(folder: Path, name: str) -> dict[str, int]:
    """Return the counters that a collector told last."""
    found = re.findall(rf"{name} (\{{.*\}})", (folder / "collector.log").read_text(encoding="utf-8"))
    told: dict[str, int] = json.loads(found[-1])
    return told
