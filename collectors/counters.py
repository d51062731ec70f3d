"""What a bus owner tells of its work and of its meters, for metrics and for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.model import MeterId
from protocols.session import DropReason


@dataclass(frozen=True, slots=True, kw_only=True)
class BusCounters:
    """What one bus has done since it was started."""

    bus: str
    exchanges: int = 0
    answered: int = 0
    refused: int = 0
    retries: int = 0
    dropped: Mapping[DropReason, int] = field(default_factory=dict)
    opened: int = 0
    """Times the line was opened."""
    busy_s: float = 0.0
    """Seconds spent in exchanges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterHealth:
    """What the bus owner knows of one meter."""

    meter: MeterId
    failures: int
    """Reads in a row without any answer."""
    silent: bool
    """It is only probed, once a cycle, until it answers."""
    refused: frozenset[str]
    """Questions that it is not asked."""
