"""Recorded and documented MQTT messages, and small builders for those that tests vary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pipeline.registry import MqttSource
from protocols.mqtt.dialects import Parsed, Receive, dialects
from protocols.mqtt.sparkplug_payload import DataType, Metric, Payload, encode

FOLDER = Path(__file__).parent / "data" / "mqtt"
NOW = datetime(2026, 11, 22, 2, 15, 3, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)


def message(name: str) -> bytes:
    """Return a message of ``tests/data/mqtt``."""
    return (FOLDER / name).read_bytes()


def listening(dialect: str, topic: str, **more: object) -> Receive:
    """Open a dialect on a source of its own."""
    source = MqttSource(id="test", topic=topic, dialect=dialect, **more)  # type: ignore[arg-type] # keywords by name
    return dialects.get(dialect).open(source, {})


def reasons(parsed: Parsed) -> list[tuple[str, str]]:
    """Return why and what was kept apart."""
    return [(unmatched.reason, unmatched.key) for unmatched in parsed.unmatched]


def birth(names: Iterable[tuple[str, int, int]], seq: int = 0, at_ms: int = NOW_MS, bd_seq: int = 0) -> bytes:
    """Write a node's birth that declares names with alias and data type, all values zero."""
    own = [
        Metric(name="bdSeq", datatype=DataType.INT64, value=bd_seq),
        Metric(name="Node Control/Rebirth", datatype=DataType.BOOLEAN, value=False),
    ]
    return encode(Payload(timestamp_ms=at_ms, seq=seq, metrics=(*own, *declared(names))))


def declared(names: Iterable[tuple[str, int, int]]) -> Sequence[Metric]:
    """Return metrics as a birth declares them, without a value yet."""
    return [Metric(name=name, alias=alias, datatype=kind, is_null=True) for name, alias, kind in names]


def data(values: Iterable[tuple[int, float]], seq: int, at_ms: int = NOW_MS) -> bytes:
    """Write a data message that gives aliases values."""
    metrics = tuple(Metric(alias=alias, timestamp_ms=at_ms, value=float(value)) for alias, value in values)
    return encode(Payload(timestamp_ms=at_ms, seq=seq, metrics=metrics))
