"""Home Assistant: our meters announced by MQTT discovery, and their newest values told as they come.

Keys and topics: Home Assistant's documentation of MQTT discovery and of the MQTT sensor. Of a
``total_increasing`` sensor it takes a fall for a new count and books the whole next value as used (issue
home-assistant/core#182493): so a register is told only when it stands above zero, and a fall only when the
next reading bears it out. Values are on the meter's own side of its transformers, as the meter shows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias
from zlib import crc32

import orjson

from pipeline.model import MeterId, Origin, Quality, Snapshot
from pipeline.quantities import Kind, Quantity
from protocols.mqtt.dialects import Publication

ONLINE, OFFLINE = b"online", b"offline"
LIVE = frozenset({Origin.PRESENT, Origin.PUSH})
"""Stored records are history: they never become the present state."""
HARMLESS = Quality.ARRIVAL_TIME | Quality.PARTIAL
DEFAULT_EXPIRY = timedelta(minutes=15)
SHORTEST_EXPIRY = timedelta(minutes=1)
PERIODS_TO_EXPIRE = 3
NO_TOPIC_NAME = re.compile(r"[^A-Za-z0-9_-]")

_CLASS_OF_UNIT: Mapping[str, str] = {
    "kWh": "energy",
    "kW": "power",
    "V": "voltage",
    "A": "current",
    "Hz": "frequency",
    "1": "power_factor",
    "°C": "temperature",
}
"""Device classes whose units Home Assistant has always known; the others go without."""
_UNIT_SHOWN: Mapping[str, str | None] = {"1": None, "deg": "°"}
_SIGNED_COUNTERS = "active_energy_combined"

_Key: TypeAlias = tuple[MeterId, Quantity]


class HomeAssistant:
    """Says what to publish for readings; remembers what it announced and told."""

    def __init__(self, prefix: str, name: str, periods_s: Mapping[MeterId, float]) -> None:
        """Announce below ``prefix``; our own topics begin with ``name``.

        Args:
            prefix: Home Assistant's discovery prefix, usually ``homeassistant``.
            name: Ours; two installations on one broker need two.
            periods_s: How often each meter reports; its values expire after three of these.
        """
        self._prefix = prefix
        self._name = name
        self._periods_s = periods_s
        self._announced: dict[_Key, Publication] = {}
        self._told: dict[_Key, tuple[datetime, float]] = {}
        self._fallen: dict[_Key, float] = {}

    @property
    def availability(self) -> str:
        """The topic that says whether we are there; retained, and our last will."""
        return f"{self._name}/availability"

    def presence(self, payload: bytes) -> Publication:
        """Return the message that says whether we are there."""
        return Publication(topic=self.availability, payload=payload, retain=True)

    def greeting(self) -> list[Publication]:
        """Return what a broker must hold and may have forgotten: each announcement, and our presence."""
        return [*self._announced.values(), self.presence(ONLINE)]

    def tell(self, snapshots: Iterable[Snapshot]) -> list[Publication]:
        """Return what to publish for readings in the order of their times; the oldest may tell nothing."""
        told: list[Publication] = []
        for snapshot in sorted(snapshots, key=lambda s: s.taken_at):
            if snapshot.received_at - snapshot.taken_at > self._expires_after(snapshot.meter):
                continue  # late: it would be taken for the present state
            for quantity, value in _sound(snapshot):
                told += self._tell(snapshot, quantity, value)
        return told

    def _tell(self, snapshot: Snapshot, quantity: Quantity, value: float) -> Iterator[Publication]:
        key = (snapshot.meter, quantity)
        before = self._told.get(key)
        if before is not None and snapshot.taken_at <= before[0]:
            return
        if quantity.kind is Kind.COUNTER and not self._counts(key, value):
            return
        if key not in self._announced:
            self._announced[key] = self._announcement(snapshot.meter, quantity)
            yield self._announced[key]
        self._told[key] = (snapshot.taken_at, value)
        yield Publication(topic=self._state_topic(key), payload=repr(value).encode(), qos=0)

    def _counts(self, key: _Key, value: float) -> bool:
        """Tell whether a register can be believed: above zero, and not below what was told before."""
        if key[1].startswith(_SIGNED_COUNTERS):
            return True
        if value <= 0:
            return False
        before = self._told.get(key)
        if before is None or value >= before[1]:
            self._fallen.pop(key, None)
            return True
        fallen = self._fallen.get(key)
        if fallen is not None and value >= fallen:
            del self._fallen[key]
            return True
        self._fallen[key] = value
        return False

    def _announcement(self, meter: MeterId, quantity: Quantity) -> Publication:
        device = f"{self._name}_{topic_name(meter)}"
        unit = _UNIT_SHOWN.get(quantity.unit, quantity.unit)
        device_class = _CLASS_OF_UNIT.get(quantity.unit)
        config = {
            "unique_id": f"{device}_{quantity}",
            "name": quantity.replace("_", " "),
            "state_topic": self._state_topic((meter, quantity)),
            "state_class": _state_class(quantity),
            "expire_after": int(self._expires_after(meter).total_seconds()),
            "availability": [{"topic": self.availability}],
            "device": {"identifiers": [device], "name": meter},
            "origin": {"name": "kilowatch"},
        }
        if unit is not None:
            config["unit_of_measurement"] = unit
        if device_class is not None:
            config["device_class"] = device_class
        return Publication(
            topic=f"{self._prefix}/sensor/{device}/{quantity}/config",
            payload=orjson.dumps(config),
            retain=True,
        )

    def _state_topic(self, key: _Key) -> str:
        return f"{self._name}/state/{topic_name(key[0])}/{key[1]}"

    def _expires_after(self, meter: MeterId) -> timedelta:
        period_s = self._periods_s.get(meter)
        if period_s is None:
            return DEFAULT_EXPIRY
        return max(SHORTEST_EXPIRY, PERIODS_TO_EXPIRE * timedelta(seconds=period_s))


def topic_name(meter: MeterId) -> str:
    """Return a meter's id as a level of a topic and part of an id, still unlike every other meter's."""
    name = NO_TOPIC_NAME.sub("-", meter)
    return name if name == meter else f"{name}-{crc32(meter.encode('utf-8', 'replace')):08x}"


def _sound(snapshot: Snapshot) -> Sequence[tuple[Quantity, float]]:
    """Return the values of a reading that nothing speaks against."""
    if snapshot.origin not in LIVE or snapshot.quality & ~HARMLESS:
        return []
    return [
        (quantity, value)
        for quantity, value in snapshot.values.items()
        if not isinstance(value, tuple)
        and quantity.kind in (Kind.COUNTER, Kind.REAL)
        and not snapshot.flags.get(quantity, Quality.GOOD)
    ]


def _state_class(quantity: Quantity) -> str:
    if quantity.kind is not Kind.COUNTER:
        return "measurement"
    return "total" if quantity.startswith(_SIGNED_COUNTERS) else "total_increasing"
