"""What the simulated fleet knows for certain: what it said, to whom, when, and what was done to whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A meter's answer with its energy register, as it left for the line."""

    bus: str
    meter: str
    counts: int
    """The register in 0.01 kWh; answers that are 10 ms apart show different ones."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A reading that the broker acknowledged to a gateway."""

    gateway: str
    meter: str
    taken_at: datetime
    counts: int
    acknowledged_at: datetime
    heard: bool
    """False if the broker said that nobody subscribes (MQTT 5, reason 0x10): it keeps no such message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """What was done to a part of the site, and until when."""

    action: str
    victim: str
    """A bus, a process or a link."""
    peer: str
    """What kind of part that is."""
    at: datetime
    still_at: datetime
    """From here on the victim did nothing any more; of a link: nothing was lost on it any more."""
    until: datetime
    """The victim went on, or was started again."""


@dataclass(slots=True)
class Ledger:
    """Grows while the site runs; read when it stands still."""

    answers: list[Answered] = field(default_factory=list)
    repeated: list[Answered] = field(default_factory=list)
    """Answers after which the meter was asked the very same again: they had come too late."""
    published: list[Published] = field(default_factory=list)
    strikes: list[Strike] = field(default_factory=list)
