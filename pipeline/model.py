"""The values that travel along the straight line: snapshots in, episodes out. Immutable, no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, IntFlag, StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple, NewType, Self, TypeAlias

from pipeline.quantities import Quantity

MeterId = NewType("MeterId", str)

Value: TypeAlias = float | tuple[float, ...]
"""A number, POSIX seconds for an instant, or a tuple for spectra and status words."""

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
"""What an episode's evidence is made of: it goes into a file and a database as it is."""


class Origin(StrEnum):
    """How a reading came to us. Part of its key: the same instant may be read in several ways."""

    PRESENT = "present"
    DAILY_FREEZE = "daily freeze"
    SETTLEMENT_FREEZE = "settlement freeze"
    LOAD_RECORD = "load record"
    PUSH = "push"
    MANUAL = "manual"


class Quality(IntFlag):
    """Why a reading should be trusted less. Zero means good. Stored as ``int``: never renumber."""

    GOOD = 0
    CLOCK_SUSPECT = 1
    """The meter's clock is too far from ours for its own time to be believed."""
    OUT_OF_RANGE = 2
    """Physically implausible for this meter's rated values."""
    STALE = 4
    """The source repeated an old value."""
    NOT_BCD = 8
    """A digit above nine on the wire; the value is missing."""
    NOT_A_NUMBER = 16
    """The source sent NaN or an infinity; the value is missing."""
    FUTURE_TIME = 32
    """Measured, it says, later than it was received."""
    CONFLICT = 64
    """Another message gave another value for the same key; the first is kept."""
    PARTIAL = 128
    """Some of what was asked did not arrive."""
    ARRIVAL_TIME = 256
    """The message bore no time of its own: the time of receipt stands in."""


DOUBTED: Final = Quality.OUT_OF_RANGE | Quality.STALE | Quality.CONFLICT
"""A reading with one of these flags stands for no register and is not judged."""

NO_FLAGS: Final[Mapping[Quantity, Quality]] = MappingProxyType({})


class Verdict(StrEnum):
    """What a detector can say. ``UNKNOWN`` is an answer: too little data."""

    ABNORMAL = "abnormal"
    NORMAL = "normal"
    UNKNOWN = "unknown"


class Severity(IntEnum):
    """How soon a person should look."""

    INFO = 10
    MINOR = 20
    MAJOR = 30
    CRITICAL = 40


class _SnapshotFields(NamedTuple):
    meter: MeterId
    taken_at: datetime
    """Present reads: the server's time at the middle of the exchange. Stored records: the measured time."""
    received_at: datetime
    values: Mapping[Quantity, Value]
    origin: Origin
    slot_at: datetime | None
    """The scheduled instant that this reading answers."""
    meter_time: datetime | None
    """The time as the meter told it, before any clock correction."""
    quality: Quality
    flags: Mapping[Quantity, Quality]
    """Flags of single quantities; also for values that are missing because they were unreadable."""


class Snapshot(_SnapshotFields):
    """What one meter said at one instant, each value in its quantity's own unit.

    A quantity that was not read, or that the meter marks as absent, has no entry: missing is never zero.
    A tuple where other values are frozen dataclasses: every answer of every meter becomes one, and a tuple
    is made in a third of the time. Changed copies come from ``_replace``.
    """

    __slots__ = ()

    def __new__(  # noqa: PLR0913 - its fields, by name
        cls,
        *,
        meter: MeterId,
        taken_at: datetime,
        received_at: datetime,
        values: Mapping[Quantity, Value],
        origin: Origin = Origin.PRESENT,
        slot_at: datetime | None = None,
        meter_time: datetime | None = None,
        quality: Quality = Quality.GOOD,
        flags: Mapping[Quantity, Quality] = NO_FLAGS,
    ) -> Self:
        """Refuse a naive time: it would be stored in the wrong hour.

        Raises:
            ValueError: If a time has no zone.
        """
        for instant in (taken_at, received_at, slot_at, meter_time):
            if instant is not None and instant.tzinfo is None:
                raise ValueError(f"a time of meter {meter} has no time zone: {instant}")
        return tuple.__new__(
            cls, (meter, taken_at, received_at, values, origin, slot_at, meter_time, quality, flags)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One abnormal (or undecidable) stretch found by one detector, with evidence enough to draw it."""

    id: str
    """Stable: the same stretch found again has the same id (see ``detectors.engine.episode_id``)."""
    detector: str
    version: int
    meter: MeterId
    service_point: str | None = None
    starts_at: datetime
    ends_at: datetime | None
    """None while the stretch goes on."""
    detected_at: datetime
    """The end of the data that showed it; never the wall clock."""
    verdict: Verdict
    severity: Severity
    score: float
    """How sure, 0 to 1."""
    energy_kwh: float | None = None
    """Energy at stake."""
    message: str
    """A key of the message catalogues."""
    parameters: Mapping[str, float | int | str]
    """What fills the message."""
    evidence: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundStretch:
    """When and of whom something was found, without what was said of it."""

    detector: str
    meter: MeterId
    service_point: str | None
    starts_at: datetime
    ends_at: datetime | None
    """None while it goes on."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The areas (台区) a caller may see. ``areas=None`` means all; a mandatory argument of bulk queries."""

    areas: frozenset[str] | None


EVERYTHING = Scope(None)
"""The scope of the system itself: flows, the command on the server, tests."""
