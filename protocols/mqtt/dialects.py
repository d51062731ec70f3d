"""What every MQTT dialect gives: which topics it wants, and what a message says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from pipeline.model import Snapshot
from pipeline.plugins import PluginRegistry
from pipeline.ports import Unmatched

MAX_PAYLOAD_BYTES = 1_048_576
"""A larger message is not parsed at all."""
KEPT_BYTES = 2_048
"""How much of a payload is kept beside what could not be understood."""
MAX_UNMATCHED = 256
"""Of one message; the last one then says that there were more."""
MAX_KEY = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What one message said."""

    snapshots: tuple[Snapshot, ...] = ()
    unmatched: tuple[Unmatched, ...] = ()


Parse: TypeAlias = Callable[[str, bytes, datetime], Parsed]
"""Topic, payload, time of receipt: never raises, whatever the bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One way to write readings into MQTT messages."""

    topics: tuple[str, ...]
    """Topic filters to subscribe to."""
    parse: Parse


dialects: PluginRegistry[Dialect] = PluginRegistry("protocols.mqtt")
"""Filed by the name that an ``[[mqtt_source]]`` gives."""


def printable(text: str) -> str:
    """Return a bounded text that any database and terminal takes."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:MAX_KEY])
