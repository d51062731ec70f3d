"""Zigbee2MQTT: plugs and meters on Zigbee, a flat JSON message each under ``zigbee2mqtt/<friendly name>``.

Fields and units: Zigbee2MQTT's documentation of devices with metering (power W, voltage V, current A,
energy and produced energy kWh) and of ``advanced.last_seen`` (off by default; ISO 8601 or POSIX
milliseconds). Without ``last_seen`` nobody knows when the values were measured: they bear the time of
receipt and its flag.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

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
from protocols.mqtt.times import iso_instant, posix_ms_instant
from protocols.mqtt.whole_messages import read_whole

TOPICS = ("zigbee2mqtt/+",)
LAST_SEEN = "last_seen"
KNOWN: Mapping[str, Scaled] = {
    "energy": Scaled(Quantity.ACTIVE_ENERGY_IMPORT),
    "produced_energy": Scaled(Quantity.ACTIVE_ENERGY_EXPORT),
    "power": Scaled(Quantity.ACTIVE_POWER, KILO),
    "power_factor": Scaled(Quantity.POWER_FACTOR),
    "voltage": Scaled(Quantity.VOLTAGE_A),
    "current": Scaled(Quantity.CURRENT_A),
    "ac_frequency": Scaled(Quantity.FREQUENCY),
}
NOT_METERED = frozenset({LAST_SEEN, "linkquality", "battery", "elapsed", "device_temperature", "countdown"})
"""Numbers about the device and its radio."""
_SUBTOPICS = ("/availability", "/set", "/get")


class Zigbee:
    """Listens to the devices of one bridge."""

    def __init__(self, source: MqttSource) -> None:
        """Take the source's names and zone."""
        self._names = Names(source, KNOWN, rest_is_device=True)
        self._zone = source.zone

    def receive(self, topic: str, payload: bytes, received_at: datetime) -> Parsed:
        """Return what one message says."""
        found = Findings(topic, payload, received_at)
        device = self._names.device_in(topic)
        if topic.endswith(_SUBTOPICS) or (device is not None and device.partition("/")[0] == "bridge"):
            return found.parsed()
        return read_whole(found, load_object, self._names.meter_by_topic, self._read)

    def _read(self, message: Mapping[str, JsonValue], meter: MeterId, found: Findings) -> Snapshot | None:
        gathered = Gathered()
        for name, value in flat(message):
            scaled = self._names.fields.get(name)
            if scaled is not None:
                gathered.take(name, value, scaled)
            elif _is_number(value) and name not in NOT_METERED and not name.startswith("update."):
                gathered.wrong.append(("unknown field", name))
        found.mistakes(gathered.wrong)
        told = _last_seen(message, self._zone, found.received_at)
        return gathered.snapshot(meter, told, found.received_at)


def listen(source: MqttSource, _latest: Latest) -> Receive:
    """Start to listen to a source."""
    return Zigbee(source).receive


def _last_seen(message: Mapping[str, JsonValue], zone: ZoneInfo, received_at: datetime) -> datetime | None:
    told = message.get(LAST_SEEN)
    return iso_instant(told, zone, received_at) if isinstance(told, str) else posix_ms_instant(told)


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


dialects.register("zigbee2mqtt")(Dialect(topics=TOPICS, open=listen))
