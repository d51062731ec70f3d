"""A Sparkplug B edge node with its meters as devices: births with names and aliases, then data by alias.

Topics, message types and sequence: Eclipse Sparkplug 3.0.0, chapters 4 to 6. The id of the gateway is the
group and the node; each meter is a device of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from pipeline.quantities import Kind, Quantity
from protocols.mqtt.dialects import Publication
from protocols.mqtt.numbers import UnreadableError
from protocols.mqtt.sparkplug_b import NAMESPACE, REBIRTH
from protocols.mqtt.sparkplug_births import BD_SEQ
from protocols.mqtt.sparkplug_payload import DataType, Metric, Payload, decode, encode
from simulators.gateway_messages import LIVE_GROUPS
from simulators.mqtt_manner import Device, Manner, Shown, Surroundings, manners

SEQUENCES: Final = 256
TOLD: Final = tuple(q for q in Quantity if q.group in LIVE_GROUPS and q.kind in (Kind.COUNTER, Kind.REAL))
ALIASES: Final = {quantity: number for number, quantity in enumerate(TOLD, 1)}
BIRTH: Final = 0
"""``bdSeq``: of the only connection that a node has here."""


class EdgeNode:
    """One node; it is born before it says anything."""

    def __init__(self, around: Surroundings) -> None:
        """Speak for the devices of a gateway."""
        self._around = around
        self._seq = 0
        self._is_born = False

    def live(self, now: datetime) -> Iterator[Publication]:
        """Yield the births if they are due, then the present values by alias."""
        if not self._is_born:
            yield from self._births(now)
            return
        for device in self._around.devices:
            shown = device.model.read(now)
            if shown:
                metrics = [Metric(alias=ALIASES[q], value=value) for q, value in _told(shown).items()]
                yield self._message("DDATA", device, now, metrics)

    def answer(self, topic: str, payload: bytes, now: datetime) -> Iterator[Publication]:
        """Be born again where a host asks for it."""
        try:
            metrics = decode(payload).metrics
        except UnreadableError:
            return
        if topic == _topic(self._around, "NCMD") and any(m.name == REBIRTH and m.value for m in metrics):
            yield from self._births(now)

    def _births(self, now: datetime) -> Iterator[Publication]:
        self._is_born, self._seq = True, 0
        own = [
            Metric(name=BD_SEQ, datatype=DataType.INT64, value=BIRTH),
            Metric(name=REBIRTH, datatype=DataType.BOOLEAN, value=False),
        ]
        yield self._message("NBIRTH", None, now, own)
        for device in self._around.devices:
            told = _told(device.model.read(now))
            metrics = [
                Metric(
                    name=quantity.value,
                    alias=ALIASES[quantity],
                    datatype=DataType.DOUBLE,
                    value=value,
                )
                for quantity, value in told.items()
            ]
            yield self._message("DBIRTH", device, now, metrics)

    def _message(
        self, kind: str, device: Device | None, now: datetime, metrics: Sequence[Metric]
    ) -> Publication:
        at_ms = int(now.timestamp() * 1000)
        said = Payload(timestamp_ms=at_ms, metrics=tuple(metrics), seq=self._seq)
        self._seq = (self._seq + 1) % SEQUENCES
        return Publication(topic=_topic(self._around, kind, device), payload=encode(said))


def _told(shown: Shown) -> Mapping[Quantity, float]:
    return {quantity: shown[quantity] for quantity in TOLD if quantity in shown}


def _topic(around: Surroundings, kind: str, device: Device | None = None) -> str:
    own = [device.meter] if device is not None else []
    return "/".join([NAMESPACE, around.gateway, kind, around.gateway, *own])


def _hears(around: Surroundings) -> tuple[str, ...]:
    return (_topic(around, "NCMD"),)


def _will(around: Surroundings) -> Publication:
    metric = Metric(name=BD_SEQ, datatype=DataType.INT64, value=BIRTH)
    return Publication(topic=_topic(around, "NDEATH"), payload=encode(Payload(metrics=(metric,))))


manners.register("sparkplug_b")(
    Manner(topic=f"{NAMESPACE}/{{gateway}}/#", open=EdgeNode, hears=_hears, will=_will)
)
