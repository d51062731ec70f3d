"""Neuron: an industrial gateway that reads tags and sends them group by group, errors among them.

Topics and both formats (values and tags): EMQX Neuron's documentation of the MQTT plug-in, "data upload".
The node that was read is the device, also as ``node/group``; tags bear our names of quantities or the
source says what they measure. A tag's error leaves its quantity missing and flagged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from pipeline.model import MeterId, Quality, Snapshot
from pipeline.quantities import Kind, Quantity
from pipeline.registry import MqttSource
from pipeline.scaling import Scaled
from protocols.mqtt.dialects import Dialect, Latest, Parsed, Receive, dialects
from protocols.mqtt.fields import Gathered
from protocols.mqtt.findings import Findings
from protocols.mqtt.json_text import load_object
from protocols.mqtt.names import Names
from protocols.mqtt.numbers import JsonValue, UnreadableError
from protocols.mqtt.times import posix_ms_instant
from protocols.mqtt.whole_messages import read_whole

TOPICS = ("/neuron/#",)
_OURS: Mapping[str, Scaled] = {q.value: Scaled(q) for q in Quantity if q.kind in (Kind.COUNTER, Kind.REAL)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """A message, and what it read and did not read."""

    message: Mapping[str, JsonValue]
    values: Mapping[str, JsonValue]
    errors: Mapping[str, JsonValue]


class Neuron:
    """Listens to one gateway."""

    def __init__(self, source: MqttSource) -> None:
        """Take the source's names."""
        self._names = Names(source, _OURS)
        self._by_topic = source.template is not None

    def receive(self, topic: str, payload: bytes, received_at: datetime) -> Parsed:
        """Return what one message says."""
        found = Findings(topic, payload, received_at)
        return read_whole(found, _load, self._meter, self._read)

    def _read(self, said: _Said, meter: MeterId, found: Findings) -> Snapshot | None:
        gathered = Gathered()
        for name, value in said.values.items():
            scaled = self._names.fields.get(name)
            if scaled is None:
                gathered.wrong.append(("unknown tag", name))
            else:
                gathered.take(name, value, scaled)
        for name, code in said.errors.items():
            gathered.wrong.append((f"the gateway could not read it: error {code}", name))
            if (scaled := self._names.fields.get(name)) is not None:
                gathered.flags[scaled.quantity] = Quality.PARTIAL
        found.mistakes(gathered.wrong)
        told = posix_ms_instant(said.message.get("timestamp"))
        return gathered.snapshot(meter, told, found.received_at)

    def _meter(self, topic: str, said: _Said) -> MeterId:
        """Return the meter that a message is about.

        Raises:
            UnknownDeviceError: If none is known by its node.
        """
        message = said.message
        node = message.get("node")
        if self._by_topic or not isinstance(node, str):
            return self._names.meter_of_topic(topic)
        return self._names.meter_of(f"{node}/{message.get('group')}", node)


def listen(source: MqttSource, _latest: Latest) -> Receive:
    """Start to listen to a source."""
    return Neuron(source).receive


def _load(payload: bytes) -> _Said:
    """Take a message apart.

    Raises:
        UnreadableError: If it is of neither format.
    """
    message = load_object(payload)
    values, errors = _tags(message)
    return _Said(message=message, values=values, errors=errors)


def _tags(message: Mapping[str, JsonValue]) -> tuple[Mapping[str, JsonValue], Mapping[str, JsonValue]]:
    """Return what was read and what was not, in either format.

    Raises:
        UnreadableError: If it is neither format.
    """
    tags = message.get("tags")
    if isinstance(tags, list):
        return dict(_listed(tags, "value")), dict(_listed(tags, "error"))
    values, errors = message.get("values"), message.get("errors", {})
    if not isinstance(values, dict):
        raise UnreadableError("neither values nor tags")
    return values, errors if isinstance(errors, dict) else {}


def _listed(tags: list[JsonValue], key: str) -> Iterator[tuple[str, JsonValue]]:
    for tag in tags:
        if isinstance(tag, dict) and isinstance(tag.get("name"), str) and key in tag:
            yield str(tag["name"]), tag[key]


dialects.register("neuron")(Dialect(topics=TOPICS, open=listen))
