"""Sparkplug B: edge nodes of SCADA systems declare their metrics at birth and then send changes by alias.

Topics, message types and rules: Eclipse Sparkplug 3.0.0, chapters 4 to 6. Values of a metric with
``is_historical`` were measured while the node was cut off; they bear their own time like all others and are
stored as what they are, late pushes, so that one sent twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from pipeline.model import MeterId
from pipeline.quantities import Kind, Quantity
from pipeline.registry import MqttSource
from pipeline.scaling import Scaled
from protocols.mqtt.dialects import Dialect, Latest, Parsed, Publication, Receive, dialects
from protocols.mqtt.fields import Gathered
from protocols.mqtt.findings import Findings
from protocols.mqtt.names import Names, UnknownDeviceError
from protocols.mqtt.numbers import UnreadableError
from protocols.mqtt.sparkplug_births import BD_SEQ, Births, Born
from protocols.mqtt.sparkplug_payload import DataType, Metric, Payload, decode, encode, signed
from protocols.mqtt.times import posix_ms_instant

NAMESPACE = "spBv1.0"
REBIRTH = "Node Control/Rebirth"
REBIRTH_EVERY = timedelta(seconds=60)
"""A node is asked again for its births after this, as long as it sends what they would explain."""
MAX_ASKED = 10_000
COMMANDS = frozenset({"NCMD", "DCMD", "STATE"})
"""What hosts say, ourselves among them."""
NO_READINGS = ("Node Control/", "Device Control/", "Node Info/", "Properties/")
"""Folders of metrics about the node itself."""

_OURS: Mapping[str, Scaled] = {q.value: Scaled(q) for q in Quantity if q.kind in (Kind.COUNTER, Kind.REAL)}
"""A metric may bear our own name of its quantity; then it is in our unit."""

_Instant: TypeAlias = tuple[MeterId, int | None]


@dataclass(frozen=True, slots=True)
class _Address:
    """Whose message it is."""

    kind: str
    before: str
    """What a bridge put before the topic."""
    group: str
    node: str
    device: str

    @property
    def edge(self) -> str:
        """The node's unique name."""
        return f"{self.before}{self.group}/{self.node}"


class Sparkplug:
    """Listens to the edge nodes of one source."""

    def __init__(self, source: MqttSource) -> None:
        """Know nobody yet: who speaks is asked for its births."""
        self._names = Names(source, _OURS)
        self._may_ask = source.ask
        self._births = Births()
        self._asked: dict[str, datetime] = {}

    def receive(self, topic: str, payload: bytes, received_at: datetime) -> Parsed:
        """Return what one message says."""
        found = Findings(topic, payload, received_at)
        address = _address(topic)
        if address is None:
            found.mistake("topic is not Sparkplug B's")
        elif address.kind not in COMMANDS:
            try:
                self._take(address, decode(payload), received_at, found)
            except UnreadableError as error:
                found.mistake(str(error), error.key)
        return found.parsed()

    def _take(self, address: _Address, said: Payload, received_at: datetime, found: Findings) -> None:
        births, edge, device = self._births, address.edge, address.device
        if said.left_out:
            found.mistake("more metrics than are read", str(said.left_out))
        match address.kind:
            case "NDEATH":
                bd_seq = next((metric.value for metric in said.metrics if metric.name == BD_SEQ), None)
                births.node_died(edge, bd_seq)
                return
            case "NBIRTH":
                births.node_born(edge, said.seq, said.metrics)
            case "DBIRTH" | "NDATA" | "DDATA" | "DDEATH":
                if not births.counted(edge, said.seq):
                    found.mistake("messages were lost: sequence has a gap", edge)
                    self._ask(address, received_at, found)
                if address.kind == "DDEATH":
                    births.device_died(edge, device)
                    return
                if address.kind == "DBIRTH":
                    births.device_born(edge, device, said.metrics)
            case _:
                found.mistake("unknown message type", address.kind)
                return
        # A device is declared by its own birth, but its node must have been born too.
        if not (births.is_born(edge, device) and births.is_born(edge, "")):
            self._ask(address, received_at, found)
        self._read(address, said, received_at, found)

    def _read(self, address: _Address, said: Payload, received_at: datetime, found: Findings) -> None:
        instants: dict[_Instant, Gathered] = {}
        unknown: set[str] = set()
        for metric, born in self._named(address, said, found):
            if born.name == BD_SEQ or born.name.startswith(NO_READINGS):
                continue
            try:
                meaning = self._meaning(address, born.name)
            except UnknownDeviceError as error:
                if error.key not in unknown:
                    unknown.add(error.key)
                    found.mistake(str(error), error.key)
                continue
            if meaning is None:
                found.mistake("unknown metric", born.name)
                continue
            if metric.is_null or (metric.value is None and metric.datatype is None):
                continue
            at_ms = said.timestamp_ms if metric.timestamp_ms is None else metric.timestamp_ms
            meter, scaled = meaning
            gathered = instants.setdefault((meter, at_ms), Gathered())
            gathered.take(born.name, _number(metric, born), scaled)
        for (meter, at_ms), gathered in instants.items():
            found.mistakes(gathered.wrong)
            snapshot = gathered.snapshot(meter, posix_ms_instant(at_ms), received_at)
            if snapshot is not None:
                found.snapshots.append(snapshot)

    def _named(self, address: _Address, said: Payload, found: Findings) -> Iterator[tuple[Metric, Born]]:
        """Yield the metrics whose names are known, by themselves or from their birth."""
        declared = self._births.declared(address.edge, address.device)
        for metric in said.metrics:
            key = metric.alias if metric.name is None else metric.name
            if key is None:
                found.mistake("metric without name and alias")
            elif (born := declared.get(key)) is not None:
                yield metric, born
            elif metric.name is not None:
                yield metric, Born(metric.name, metric.datatype)
            else:
                found.mistake("alias without birth", f"{address.device or address.node} {metric.alias}")

    def _meaning(self, address: _Address, name: str) -> tuple[MeterId, Scaled] | None:
        """Return whose value a metric is, and what it measures; None where nobody says what it measures.

        A gateway may put its meters into folders instead of devices: ``plant-3/active_power``.

        Raises:
            UnknownDeviceError: If no meter goes by the name.
        """
        fields = self._names.fields
        folder, slash, leaf = name.rpartition("/")
        is_meter = bool(slash) and self._names.is_device(folder)
        scaled = fields.get(name) or (fields.get(leaf) if is_meter else None)
        if scaled is None:
            return None
        if is_meter:
            return self._names.meter_of(folder), scaled
        own = address.device or address.node
        path = f"{address.node}/{address.device}" if address.device else address.node
        return self._names.meter_of(f"{address.group}/{path}", path, own), scaled

    def _ask(self, address: _Address, received_at: datetime, found: Findings) -> None:
        """Ask a node to declare itself again, at most once in a while."""
        last = self._asked.get(address.edge)
        if not self._may_ask or (last is not None and timedelta(0) <= received_at - last < REBIRTH_EVERY):
            return
        if len(self._asked) >= MAX_ASKED:
            del self._asked[next(iter(self._asked))]
        self._asked[address.edge] = received_at
        topic = f"{address.before}{NAMESPACE}/{address.group}/NCMD/{address.node}"
        found.questions.append(Publication(topic=topic, payload=rebirth_request(received_at), qos=0))


def rebirth_request(at: datetime) -> bytes:
    """Return the payload that makes an edge node send its births again."""
    at_ms = int(at.timestamp() * 1000)
    metric = Metric(name=REBIRTH, timestamp_ms=at_ms, datatype=DataType.BOOLEAN, value=True)
    return encode(Payload(timestamp_ms=at_ms, metrics=(metric,)))


def listen(source: MqttSource, _latest: Latest) -> Receive:
    """Start to listen to a source."""
    return Sparkplug(source).receive


def _number(metric: Metric, born: Born) -> bool | int | float | str:
    """Return the value as it is meant; an empty text, which is no number, for what is no single value."""
    if metric.value is None or isinstance(metric.value, bytes):
        return ""
    value = signed(metric.value, born.datatype if metric.datatype is None else metric.datatype)
    return "" if isinstance(value, bytes) else value


def _address(topic: str) -> _Address | None:
    """Read ``spBv1.0/<group>/<kind>/<node>[/<device>]``; a bridge may have put levels before it."""
    levels = topic.split("/")
    if NAMESPACE not in levels:
        return None
    at = levels.index(NAMESPACE)
    before = "/".join(levels[:at]) + "/" if at else ""
    match levels[at + 1 :]:
        case ["STATE", *_]:
            return _Address("STATE", before, "", "", "")
        case [group, kind, node] if kind[:1] == "N" and node:
            return _Address(kind, before, group, node, "")
        case [group, kind, node, device] if kind[:1] == "D" and node and device:
            return _Address(kind, before, group, node, device)
    return None


dialects.register("sparkplug_b")(Dialect(topics=(f"{NAMESPACE}/#",), open=listen, remembers=True))
