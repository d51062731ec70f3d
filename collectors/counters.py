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
    watched_s: float = 0.0
    """Seconds from the first exchange to the last."""
    silent: int = 0
    """Meters that are only probed now: their breaker is open."""
    owned: bool = False
    """This process reads the bus, none of another host."""

    @property
    def use(self) -> float | None:
        """Share of the time in which the bus was used, 0 to 1; None before the first exchange."""
        return min(1.0, self.busy_s / self.watched_s) if self.watched_s else None


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
