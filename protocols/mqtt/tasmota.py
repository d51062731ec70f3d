"""Tasmota: plugs and meters with this firmware send ``tele/<device>/SENSOR`` every ``TelePeriod``.

Fields of ``ENERGY`` and their units: Tasmota's documentation of JSON status responses and energy
monitoring; recorded messages are named in tests/data/mqtt/README.md. ``Total`` is the register; ``Today``,
``Yesterday`` and ``Period`` are differences that the device works out and are not ours. ``Time`` is local,
without a zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from pipeline.model import MeterId, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import MqttSource
from pipeline.scaling import Scaled
from protocols.mqtt.dialects import Dialect, Latest, Parsed, Receive, dialects
from protocols.mqtt.fields import KILO, Gathered, flat
from protocols.mqtt.findings import Findings
from protocols.mqtt.json_text import load_object
from protocols.mqtt.names import Names
from protocols.mqtt.numbers import JsonValue
from protocols.mqtt.times import iso_instant
from protocols.mqtt.whole_messages import read_whole

TOPICS = ("tele/+/SENSOR",)
ENERGY = "ENERGY"
PHASES = "abc"

_WHOLE: Mapping[str, Scaled] = {
    "ENERGY.Total": Scaled(Quantity.ACTIVE_ENERGY_IMPORT),
    "ENERGY.ExportActive": Scaled(Quantity.ACTIVE_ENERGY_EXPORT),
    "ENERGY.Power": Scaled(Quantity.ACTIVE_POWER, KILO),
    "ENERGY.ApparentPower": Scaled(Quantity.APPARENT_POWER, KILO),
    "ENERGY.ReactivePower": Scaled(Quantity.REACTIVE_POWER, KILO),
    "ENERGY.Factor": Scaled(Quantity.POWER_FACTOR),
    "ENERGY.Frequency": Scaled(Quantity.FREQUENCY),
    "ENERGY.Voltage": Scaled(Quantity.VOLTAGE_A),
    "ENERGY.Current": Scaled(Quantity.CURRENT_A),
}
_PHASE: Mapping[str, Scaled] = {
    f"{path}.{phase}": Scaled(Quantity(of_phase), scaled.factor)
    for path, scaled in _WHOLE.items()
    for phase in PHASES
    if (of_phase := f"{scaled.quantity.removesuffix('_a')}_{phase}") in set(Quantity)
}
KNOWN: Mapping[str, Scaled] = {**_WHOLE, **_PHASE}
_SUMS = frozenset({"ENERGY.Total", "ENERGY.ExportActive", "ENERGY.Power", "ENERGY.ReactivePower"})
"""Of three phases these add up to the meter's own; apparent power and power factor do not."""
_NOT_OURS = frozenset({"TotalStartTime", "Yesterday", "Today", "Period"})


class Tasmota:
    """Listens to the devices of one source."""

    def __init__(self, source: MqttSource) -> None:
        """Take the source's names and zone."""
        self._names = Names(source, KNOWN)
        self._zone = source.zone

    def receive(self, topic: str, payload: bytes, received_at: datetime) -> Parsed:
        """Return what one message says."""
        found = Findings(topic, payload, received_at)
        return read_whole(found, load_object, self._names.meter_by_topic, self._read)

    def _read(self, message: Mapping[str, JsonValue], meter: MeterId, found: Findings) -> Snapshot | None:
        gathered = Gathered()
        for name, value in _fields(message):
            scaled = self._names.fields.get(name)
            if scaled is not None:
                gathered.take(name, value, scaled)
            elif name.startswith(f"{ENERGY}."):
                gathered.wrong.append(("unknown field", name))
        found.mistakes(gathered.wrong)
        told = iso_instant(message.get("Time"), self._zone, found.received_at)
        return gathered.snapshot(meter, told, found.received_at)


def listen(source: MqttSource, _latest: Latest) -> Receive:
    """Start to listen to a source."""
    return Tasmota(source).receive


def _fields(message: Mapping[str, JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    """Yield every field that may be a measurement; three values in a list are the three phases'."""
    for name, value in message.items():
        if name != ENERGY or not isinstance(value, dict):
            yield from flat({name: value})
            continue
        for field, measured in value.items():
            if field in _NOT_OURS:
                continue
            path = f"{ENERGY}.{field}"
            if path in _WHOLE and isinstance(measured, list) and len(measured) == len(PHASES):
                yield from _phases(path, measured)
            else:
                yield from flat({path: measured})


def _phases(path: str, measured: list[JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    for phase, value in zip(PHASES, measured, strict=True):
        yield f"{path}.{phase}", value
    numbers = [value for value in measured if isinstance(value, int | float) and not isinstance(value, bool)]
    if path in _SUMS and len(numbers) == len(PHASES):
        yield path, sum(numbers)


dialects.register("tasmota")(Dialect(topics=TOPICS, open=listen))
