"""MQTT messages of every dialect that are fuzzed, and what a listening session makes of changed ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipeline.registry import MqttSource
from protocols.mqtt.dialects import Receive, dialects
from protocols.mqtt.sparkplug_payload import DataType, Metric, Payload, encode

NOW = datetime(2026, 11, 22, 2, 15, 3, tzinfo=UTC)
FOLDER = Path(__file__).parents[1] / "data" / "mqtt"
TOPICS: Mapping[str, str] = {
    "dsmr": "dsmr/house/telegram",
    "kilowatch": "kilowatch/v1/gw/readings",
    "neuron": "/neuron/app/node/group",
    "shelly_gen2": "shelly/events/rpc",
    "sparkplug_b": "spBv1.0/g/NBIRTH/n",
    "tasmota": "tele/plug/SENSOR",
    "zigbee2mqtt": "zigbee2mqtt/plug",
}


def messages() -> Mapping[str, Sequence[bytes]]:
    """Return sound messages by dialect."""
    recorded = {
        name: [path.read_bytes() for path in sorted((FOLDER / name).iterdir())]
        for name in TOPICS
        if (FOLDER / name).is_dir()
    }
    metric = Metric(name="active_power", alias=7, datatype=DataType.DOUBLE, timestamp_ms=1, value=1.5)
    reading = b'{"meter":"M","taken_at":"2026-11-22T10:15:00+08:00","values":{"voltage_a":220.5}}'
    return {
        **recorded,
        "kilowatch": [reading, b'{"readings":[' + reading + b"]}"],
        "sparkplug_b": [encode(Payload(timestamp_ms=1, seq=0, metrics=(metric, metric)))],
    }


def listener(dialect: str) -> Receive:
    """Return a session that has heard nothing yet."""
    return dialects.get(dialect).open(MqttSource(id="fuzz", topic=TOPICS[dialect], meters=("M",)), {})


def heard(receive: Receive, dialect: str, raw: bytes) -> str:
    """Return what a session makes of a message, in a word."""
    parsed = receive(TOPICS[dialect], raw, NOW)
    if parsed.snapshots:
        return "readings"
    return "kept apart" if parsed.unmatched else "passed over"
