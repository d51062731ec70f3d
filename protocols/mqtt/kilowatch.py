"""Kilowatch's own dialect: a gateway sends readings, one or many in a JSON message (docs/mqtt.md)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pipeline.model import NO_FLAGS, MeterId, Origin, Quality, Snapshot, Value
from pipeline.ports import UNKNOWN_DEVICE
from pipeline.quantities import Kind, Quantity
from pipeline.registry import MqttSource
from pipeline.scaling import Scaled
from protocols.mqtt.dialects import Dialect, Latest, Parsed, Receive, dialects
from protocols.mqtt.fields import in_our_unit
from protocols.mqtt.findings import Findings
from protocols.mqtt.json_text import excerpt_of, load_object
from protocols.mqtt.names import given_fields, meter_id
from protocols.mqtt.numbers import (
    LARGEST,
    JsonValue,
    NotANumberError,
    UnreadableError,
    read_instant,
    read_value,
)
from protocols.mqtt.times import EARLIEST, future_flag

TOPICS = ("kilowatch/v1/+/readings",)

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


class _Reader:
    """Reads the messages of one source."""

    __slots__ = ("_devices", "_fields")

    def __init__(self, devices: Mapping[str, str], fields: Mapping[str, Scaled]) -> None:
        """Take the source's own names of meters and of quantities."""
        self._devices = devices
        self._fields = fields

    def parse(self, topic: str, payload: bytes, received_at: datetime) -> Parsed:
        """Return what one message says; a bad reading never costs its neighbours.

        Args:
            topic: ``kilowatch/v1/<gateway>/readings``; a broker's bridge may have put levels before it.
            payload: The JSON bytes.
            received_at: When it came, aware.
        """
        found = Findings(topic, payload, received_at)
        try:
            entries = _entries(topic, load_object(payload))
        except UnreadableError as error:
            found.mistake(str(error))
            return found.parsed()
        for entry in entries:
            self._read(entry, payload, received_at, found)
        return found.parsed()

    def _read(self, entry: JsonValue, payload: bytes, received_at: datetime, found: Findings) -> None:
        if not isinstance(entry, dict):
            found.mistake("reading is no object")
            return
        named = meter_id(entry.get("meter"))
        if named is None:
            found.mistake("no readable meter", "", excerpt_of(entry, payload))
            return
        try:
            taken_at, origin, given = _head(entry)
        except UnreadableError as error:
            found.mistake(str(error), named, excerpt_of(entry, payload))
            return
        meter = self._devices.get(named) if self._devices else named
        if meter is None:
            found.mistake(UNKNOWN_DEVICE, named, excerpt_of(entry, payload))
            return
        values, flags, wrong = self._values(given)
        if values or flags:
            found.snapshots.append(
                Snapshot(
                    meter=MeterId(meter),
                    taken_at=taken_at,
                    received_at=received_at,
                    values=values,
                    origin=origin,
                    meter_time=taken_at,
                    quality=future_flag(taken_at, received_at),
                    flags=flags or NO_FLAGS,
                )
            )
        if wrong:
            found.mistakes(wrong, excerpt_of(entry, payload))

    def _values(
        self, given: Mapping[str, JsonValue]
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
            scaled = self._fields.get(name) if known is None else None
            if known is None and scaled is None:
                wrong.append(("unknown quantity", name))
                continue
            if value is None:
                continue
            quantity = scaled.quantity if scaled is not None else _QUANTITIES[name][0]
            try:
                if scaled is not None:
                    values[quantity] = in_our_unit(value, scaled)
                else:
                    values[quantity] = read_value(value, quantity.kind)
            except NotANumberError:
                flags[quantity] = Quality.NOT_A_NUMBER
            except UnreadableError as error:
                wrong.append((str(error), name))
        return values, flags, wrong


def _entries(topic: str, message: Mapping[str, JsonValue]) -> list[JsonValue]:
    """Return the readings of a message.

    Raises:
        UnreadableError: If it holds none, or comes from another gateway than it says.
    """
    gateway = message.get("gateway")
    # The broker can bind a gateway to its topic; nothing binds it to what it writes inside.
    if gateway is not None and gateway not in topic.split("/")[-2:-1]:
        raise UnreadableError("gateway is not the topic's")
    entries = message.get("readings")
    if isinstance(entries, list):
        return entries
    if "meter" in message and entries is None:
        return [{key: value for key, value in message.items() if key != "gateway"}]
    raise UnreadableError("no list of readings")


def _head(entry: Mapping[str, JsonValue]) -> tuple[datetime, Origin, Mapping[str, JsonValue]]:
    """Return when a reading was taken, how it came about, and its values as given.

    Raises:
        UnreadableError: If one of these is missing or unreadable.
    """
    taken_at = read_instant(entry.get("taken_at"))
    if taken_at < EARLIEST:
        raise UnreadableError("time before 2000")
    named = entry.get("origin", Origin.PUSH.value)
    origin = _ORIGINS.get(named) if isinstance(named, str) else None
    if origin is None:
        raise UnreadableError("unknown origin")
    given = entry.get("values")
    if not isinstance(given, dict) or not given:
        raise UnreadableError("no values")
    return taken_at, origin, given


parse: Receive = _Reader({}, {}).parse
"""Reads a message whose meters and quantities bear our own names."""


def listen(source: MqttSource, _latest: Latest) -> Receive:
    """Start to listen to a source."""
    return _Reader(source.devices, given_fields(source)).parse


dialects.register("kilowatch")(Dialect(topics=TOPICS, open=listen))
