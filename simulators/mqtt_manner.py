"""A foreign dialect as devices speak it: what they say by themselves, and what they answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias
from zoneinfo import ZoneInfo

from pipeline.model import MeterId
from pipeline.plugins import PluginRegistry
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.mqtt.dialects import Publication
from simulators.gateway_messages import Model
from simulators.physics.circuit import PHASES

Shown: TypeAlias = Mapping[Quantity, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One meter that speaks for itself."""

    meter: MeterId
    model: Model
    wiring: Wiring

    @property
    def phases(self) -> Sequence[str]:
        """The phases that it measures."""
        return PHASES if self.wiring is Wiring.THREE_PHASE_FOUR_WIRE else PHASES[:1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What devices of one gateway have in common."""

    gateway: str
    topic: str
    """The filter by which they are heard; its ``+`` is the device."""
    devices: Sequence[Device]
    zone: ZoneInfo
    stored_from: datetime | None
    """Their memory begins here; None for devices that store nothing."""

    def topic_of(self, device: Device) -> str:
        """Return where a device publishes."""
        return self.topic.replace("+", device.meter, 1)


class Speaker(Protocol):
    """The devices of one gateway, speaking."""

    def live(self, now: datetime) -> Iterable[Publication]:
        """Return what they say of themselves at an instant, announcements that must go before it included."""
        ...

    def answer(self, topic: str, payload: bytes, now: datetime) -> Iterable[Publication]:
        """Return what they say to what they heard."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """One dialect; its name is that of :data:`protocols.mqtt.dialects.dialects`."""

    topic: str
    """The usual filter, where ``{gateway}`` is the gateway's id."""
    open: Callable[[Surroundings], Speaker]
    hears: Callable[[Surroundings], Sequence[str]] = lambda _around: ()
    """What the devices listen to."""
    will: Callable[[Surroundings], Publication | None] = lambda _around: None
    """What the broker says when they are gone."""
    wirings: Sequence[Wiring] = (Wiring.ONE_PHASE, Wiring.THREE_PHASE_FOUR_WIRE)


manners: PluginRegistry[Manner] = PluginRegistry("simulators.mqtt_manners")
"""Every foreign dialect that simulated devices speak."""


class Quiet:
    """Devices that listen to nobody."""

    def answer(self, topic: str, payload: bytes, now: datetime) -> Iterable[Publication]:
        """Answer nothing."""
        del topic, payload, now
        return ()
