"""Kilowatch's own dialect: a gateway sends the readings of many meters in one JSON message (docs/mqtt.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import orjson

from pipeline.model import MeterId, Origin, Quality, Snapshot, Value
from pipeline.ports import Unmatched
from pipeline.quantities import Kind, Quantity
from protocols.mqtt.dialects import (
    KEPT_BYTES,
    MAX_PAYLOAD_BYTES,
    MAX_UNMATCHED,
    Dialect,
    Parsed,
    dialects,
    printable,
)
from protocols.mqtt.numbers import (
    LARGEST,
    JsonValue,
    NotANumberError,
    UnreadableError,
    read_instant,
    read_value,
)

TOPICS = ("kilowatch/v1/+/readings",)
FUTURE_TOLERANCE = timedelta(minutes=5)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""A gateway that lost its clock counts from 1970."""
MAX_METER_ID = 64

_QUANTITIES: dict[str, tuple[Quantity, Kind]] = {q.value: (q, q.kind) for q in Quantity}
_PLAIN = {q.value: q for q in Quantity if q.kind in (Kind.COUNTER, Kind.REAL)}
_ORIGINS = {
    origin.value: origin
    for origin in (
        Origin.PRESENT,
        Origin.LOAD_RECORD,
        Origin.DAILY_FREEZE,
        Origin.SETTLEMENT_FREEZE,
        Origin.PUSH,
    )
}

_Finding: TypeAlias = "Snapshot | _Mistake"


@dataclass(frozen=True, slots=True)
class _Mistake:
    reason: str
    key: str
    payload: bytes


class _PayloadError(ValueError):
    """The message as a whole cannot be used; its text is the reason."""


def parse(topic: str, payload: bytes, received_at: datetime) -> Parsed:
    """Return what one message says; a bad reading never costs its neighbours.

    Args:
        topic: ``kilowatch/v1/<gateway>/readings``; a broker's bridge may have put levels before it.
        payload: The JSON bytes.
        received_at: When it came, aware.
    """
    snapshots: list[Snapshot] = []
    mistakes: list[_Mistake] = []
    try:
        for entry in _entries(topic, payload):
            for finding in _read(entry, payload, received_at):
                if isinstance(finding, Snapshot):
                    snapshots.append(finding)
                elif len(mistakes) < MAX_UNMATCHED:
                    mistakes.append(finding)
    except _PayloadError as error:
        mistakes.append(_Mistake(str(error), "", payload[:KEPT_BYTES]))
    if len(mistakes) == MAX_UNMATCHED:
        mistakes[-1] = _Mistake("more mistakes than are kept", "", payload[:KEPT_BYTES])
    source = printable(topic)
    return Parsed(
        snapshots=tuple(snapshots),
        unmatched=tuple(
            Unmatched(
                received_at=received_at,
                source=source,
                reason=mistake.reason,
                key=printable(mistake.key),
                payload=mistake.payload,
            )
            for mistake in mistakes
        ),
    )


dialects.register("kilowatch")(Dialect(topics=TOPICS, parse=parse))


def _entries(topic: str, payload: bytes) -> list[JsonValue]:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise _PayloadError("message too large")
    message = _load(payload)
    if not isinstance(message, dict):
        raise _PayloadError("not a JSON object")
    gateway = message.get("gateway")
    # The broker can bind a gateway to its topic; nothing binds it to what it writes inside.
    if gateway is not None and gateway not in topic.split("/")[-2:-1]:
        raise _PayloadError("gateway is not the topic's")
    entries = message.get("readings")
    if not isinstance(entries, list):
        raise _PayloadError("no list of readings")
    return entries


def _load(payload: bytes) -> JsonValue:
    loaded: JsonValue
    try:
        loaded = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return _load_lenient(payload)
    return loaded


def _load_lenient(payload: bytes) -> JsonValue:
    """Read what is nearly JSON: NaN, 1e999 or a broken character in one reading must not cost the others."""
    loaded: JsonValue
    try:
        loaded = json.loads(payload.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise _PayloadError("not JSON") from None
    return loaded


def _read(entry: JsonValue, payload: bytes, received_at: datetime) -> Iterator[_Finding]:
    if not isinstance(entry, dict):
        yield _Mistake("reading is no object", "", payload[:KEPT_BYTES])
        return
    meter = entry.get("meter")
    if not isinstance(meter, str) or not 0 < len(meter) <= MAX_METER_ID or not meter.isprintable():
        yield _Mistake("no readable meter", "", _excerpt(entry, payload))
        return
    try:
        taken_at = read_instant(entry.get("taken_at"))
    except UnreadableError as error:
        yield _Mistake(str(error), meter, _excerpt(entry, payload))
        return
    if taken_at < EARLIEST:
        yield _Mistake("time before 2000", meter, _excerpt(entry, payload))
        return
    named = entry.get("origin", Origin.PUSH.value)
    origin = _ORIGINS.get(named) if isinstance(named, str) else None
    if origin is None:
        yield _Mistake("unknown origin", meter, _excerpt(entry, payload))
        return
    given = entry.get("values")
    if not isinstance(given, dict) or not given:
        yield _Mistake("no values", meter, _excerpt(entry, payload))
        return
    values, flags, wrong = _values(given)
    if values or flags:
        yield Snapshot(
            meter=MeterId(meter),
            taken_at=taken_at,
            received_at=received_at,
            values=values,
            origin=origin,
            meter_time=taken_at,
            quality=_time_quality(taken_at, received_at),
            flags=flags,
        )
    if wrong:
        excerpt = _excerpt(entry, payload)
        yield from (_Mistake(reason, name, excerpt) for reason, name in wrong)


def _values(
    given: dict[str, JsonValue],
) -> tuple[dict[Quantity, Value], dict[Quantity, Quality], list[tuple[str, str]]]:
    """Return values, flags, and reason and field of what is neither."""
    values: dict[Quantity, Value] = {}
    flags: dict[Quantity, Quality] = {}
    wrong: list[tuple[str, str]] = []
    for name, value in given.items():
        # Nearly every value is a sound number of a plain quantity: the short way for those.
        if type(value) is float and -LARGEST <= value <= LARGEST and name in _PLAIN:
            values[_PLAIN[name]] = value
            continue
        known = _QUANTITIES.get(name)
        if known is None:
            wrong.append(("unknown quantity", name))
            continue
        if value is None:
            continue
        quantity, kind = known
        try:
            values[quantity] = read_value(value, kind)
        except NotANumberError:
            flags[quantity] = Quality.NOT_A_NUMBER
        except UnreadableError as error:
            wrong.append((str(error), name))
    return values, flags, wrong


def _time_quality(taken_at: datetime, received_at: datetime) -> Quality:
    return Quality.FUTURE_TIME if taken_at > received_at + FUTURE_TOLERANCE else Quality.GOOD


def _excerpt(entry: JsonValue, payload: bytes) -> bytes:
    """Return the reading's own bytes; the message's where they cannot be written again."""
    try:
        return orjson.dumps(entry)[:KEPT_BYTES]
    except orjson.JSONEncodeError:  # lone surrogates, numbers beyond 64 bits, deep nesting
        return payload[:KEPT_BYTES]
