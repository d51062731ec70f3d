"""How many messages one ingest process stores a second, and how many two that share the subscription."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from collectors.broker import Broker
from pipeline.errors import TransportError
from pipeline.model import MeterId
from pipeline.registry import Meter, Registry
from services.benchmarks import mqtt
from services.benchmarks.collector_process import running_collector
from services.benchmarks.process_cost import process_cpu_s
from services.benchmarks.rows import BenchRow
from services.benchmarks.servers import bench_broker, bench_database
from storage.benchmark_questions import table_size
from storage.database import Connection, connect
from storage.registry import save_registry

MESSAGES: Final = 2_000
PROCESSES: Final = (1, 2)
WAIT_S: Final = 120.0
SUBSCRIBED_S: Final = 2.0
"""After its start a process has subscribed by then."""
TABLE: Final = "electrical_reading"
LOOK_S: Final = 0.1


def shared_ingest() -> Sequence[BenchRow]:
    """Measure, each number of processes with a database and a broker of its own.

    Raises:
        MissingPartError: If there is no server or no Mosquitto.
        TransportError: If the messages do not arrive.
    """
    rows: list[BenchRow] = []
    for processes in PROCESSES:
        rate, cpu_us = _ingest(processes)
        who = f"MQTT, {processes} ingest process{'es' if processes > 1 else ''}"
        rows += [
            BenchRow(what=f"{who}: messages of 20 readings, to committed (1/s)", value=rate),
            BenchRow(what=f"{who}: CPU of a reading (us)", value=cpu_us),
        ]
    return rows


def _ingest(processes: int) -> tuple[float, float]:
    """Return messages a second and CPU microseconds a reading."""
    registry = Registry(
        meters=[Meter(id=MeterId(f"M{n}")) for n in range(mqtt.METERS)], mqtt_sources=[mqtt.SOURCE]
    )
    chance = random.Random(645)  # noqa: S311 - readings, not secrets
    first, *messages = mqtt.reading_messages(chance, 1 + MESSAGES)
    with bench_database() as url, bench_broker() as broker, connect(url) as connection, ExitStack() as stack:
        save_registry(connection, registry)
        pids = [
            stack.enter_context(running_collector(url, _settings(broker, number))).pid
            for number in range(processes)
        ]
        time.sleep(SUBSCRIBED_S)
        mqtt.publish(broker, [first])
        _wait_for(connection, 1)
        before_s = sum(map(process_cpu_s, pids))
        began_s = time.monotonic()
        mqtt.publish(broker, messages)
        _wait_for(connection, 1 + MESSAGES)
        took_s = time.monotonic() - began_s
        used_s = sum(map(process_cpu_s, pids)) - before_s
    return MESSAGES / took_s, used_s / (MESSAGES * mqtt.READINGS_OF_MESSAGE) * 1e6


def _settings(broker: Broker, number: int) -> dict[str, str]:
    return {
        "POLL_BUSES": "false",
        "MQTT_HOST": broker.host,
        "MQTT_PORT": str(broker.port),
        "MQTT_SHARE": "bench",
        "MQTT_CLIENT_ID": f"bench-{number}",
    }


def _wait_for(connection: Connection, messages: int) -> None:
    """Wait until the readings of so many messages are committed."""
    until_s = time.monotonic() + WAIT_S
    while (rows := table_size(connection, TABLE).rows) < messages * mqtt.READINGS_OF_MESSAGE:
        if time.monotonic() > until_s:
            raise TransportError(f"{rows} of {messages * mqtt.READINGS_OF_MESSAGE} readings were stored")
        time.sleep(LOOK_S)
