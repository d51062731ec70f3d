"""What every MQTT dialect gives: which topics it wants, what a message says, and what to ask in return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from pipeline.model import MeterId, Snapshot
from pipeline.plugins import PluginRegistry
from pipeline.ports import Unmatched
from pipeline.registry import MqttSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A message to send."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What one message said, and what its dialect wants to ask because of it."""

    snapshots: tuple[Snapshot, ...] = ()
    unmatched: tuple[Unmatched, ...] = ()
    questions: tuple[Publication, ...] = ()


Receive: TypeAlias = Callable[[str, bytes, datetime], Parsed]
"""Topic, payload, time of receipt: never raises, whatever the bytes."""

Latest: TypeAlias = Mapping[MeterId, datetime]
"""When the newest stored register reading of each meter was taken: where asking for stored records begins."""

Open: TypeAlias = Callable[[MqttSource, Latest], Receive]
"""Starts to listen to a source. What the dialect must remember between messages lives in what it returns."""


def no_answers(_source: MqttSource) -> tuple[str, ...]:
    """Return no topic: the dialect asks nothing, or the answers come where the readings do."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One way to write readings into MQTT messages."""

    topics: tuple[str, ...]
    """Topic filters that its devices use unless told otherwise."""
    open: Open
    answers: Callable[[MqttSource], tuple[str, ...]] = no_answers
    """Further filters to subscribe to: where the answers to its questions come."""
    remembers: bool = False
    """What a message means depends on earlier ones, so no process may hear only a share of them."""


dialects: PluginRegistry[Dialect] = PluginRegistry("protocols.mqtt")
"""Filed by the name that an ``[[mqtt_source]]`` gives."""
