"""The seam between protocols and collectors: what a driver plans, asks and understands.

A collector holds one :class:`Session` per meter. It sends what :meth:`Session.ask` returns, hands every byte
that arrives to :meth:`Session.receive_data`, and takes events until :data:`NEED_DATA`. A session never
sleeps, never opens anything, never retries, and bounds its buffer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable
from zoneinfo import ZoneInfo

from pipeline.errors import MeterRefusedError
from pipeline.events import EventCount, MeterEvent
from pipeline.model import Origin, Quality, Value
from pipeline.plugins import PluginRegistry
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.profile import Profile


class NeedData(Enum):
    """Says that the bytes so far hold no further event."""

    NEED_DATA = auto()


NEED_DATA: Final = NeedData.NEED_DATA


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question to one meter."""

    what: str
    """Its name in logs, errors and the set of refused queries, such as ``0201FF00`` or ``4:0x0000+80``."""
    body: bytes = field(repr=False)
    """The protocol's own payload; only the driver's session understands it. It may hold a password."""
    answer_bytes: int
    """The longest answer, preamble included: with the baud rate it sets the time-out; 0 = nobody answers."""
    part_of: str = ""
    """``what`` of the question whose answer goes on with the answer to this one; empty for one of its own."""
    is_secret: bool = False
    """It or its answer holds a password or a key: their bytes are not kept for logs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One stored instant out of a meter's memory (load record or freeze)."""

    taken_at: datetime
    """The time the meter wrote beside it, made aware with the meter's clock zone."""
    origin: Origin
    values: Mapping[Quantity, Value]
    flags: Mapping[Quantity, Quality] = field(default_factory=dict)


class Answer(NamedTuple):
    """The meter answered the question that is open.

    It is made for every question: a frozen dataclass takes three times as long to make.
    """

    query: Query
    raw: bytes
    values: Mapping[Quantity, Value] = MappingProxyType({})
    """Present values, in each quantity's unit; what the meter marks as absent has no entry."""
    flags: Mapping[Quantity, Quality] = MappingProxyType({})
    records: Sequence[Record] = ()
    """Stored instants; empty when the meter holds none for the asked time."""
    facts: Mapping[str, str] = MappingProxyType({})
    """What is no quantity: ``address``, ``clock`` (ISO 8601), a parameter by its name ..."""
    events: Sequence[MeterEvent | EventCount] = ()
    """Records of what the meter has noticed, or how often it has."""
    more: Query | None = None
    """Asks for the rest, where the meter could not send all at once; the answer to it holds the whole."""
    deviations: tuple[str, ...] = ()
    """In what the meter was seen to differ from its standard: tolerated, and reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The meter answered the open question with an error code."""

    query: Query
    raw: bytes
    error: MeterRefusedError


class DropReason(StrEnum):
    """Why bytes were not an answer. A collector counts them by reason."""

    NOISE = "noise"
    CHECKSUM = "checksum"
    ECHO = "echo"
    FOREIGN_ADDRESS = "foreign address"
    LATE = "late"
    """A sound answer to another question than the open one."""
    REPORT = "event report"
    """The meter told of an event instead of answering; it is asked again."""
    SEQUENCE = "sequence"
    """A part of the answer (后续帧) that bears another number than was asked for."""
    MALFORMED = "malformed"
    """A sound frame whose content does not fit its identifier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """Bytes that answer nothing."""

    reason: DropReason
    raw: bytes
    address: str = ""
    """Whose answer it is, as the frame says; for :attr:`DropReason.FOREIGN_ADDRESS` alone."""


Event: TypeAlias = Answer | Refused | Dropped


class Session(Protocol):
    """One meter's conversation: bytes in, events out."""

    def ask(self, query: Query) -> bytes:
        """Open a question and return the bytes to send; an older open question is forgotten."""
        ...

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the line, in any chunks."""
        ...

    def next_event(self) -> Event | Literal[NeedData.NEED_DATA]:
        """Return the next event, or ``NEED_DATA``."""
        ...


class Driver(Protocol):
    """What one meter model on one protocol can be asked."""

    def session(self, address: str) -> Session:
        """Return a fresh conversation with the meter at ``address``."""
        ...

    def plan(self, wanted: Collection[Quantity], refused: Collection[str] = ()) -> Sequence[Query]:
        """Return the fewest questions that bring ``wanted``, avoiding those this meter has refused."""
        ...

    def backfill_plan(
        self, starts_at: datetime, ends_at: datetime, refused: Collection[str] = ()
    ) -> Sequence[Query]:
        """Return the questions that fetch what the meter stored in ``[starts_at, ends_at)``, if it does."""
        ...


@runtime_checkable
class Remembers(Protocol):
    """A driver whose meters close registers at known instants: midnights, settlement days."""

    def kept_instants(self, starts_at: datetime, ends_at: datetime) -> Mapping[Origin, Sequence[datetime]]:
        """Return the instants in ``[starts_at, ends_at)`` at which the meter freezes registers, by origin."""
        ...


DriverFactory: TypeAlias = Callable[[Profile, Wiring, ZoneInfo], Driver]
"""Makes the driver of a profile for a meter's wiring and the zone of its clock."""

drivers: PluginRegistry[DriverFactory] = PluginRegistry("protocols")
"""Filed by the name that a profile's ``protocol`` key gives."""
