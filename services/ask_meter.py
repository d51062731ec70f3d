"""Asks one DL/T 645 meter for identifiers by their digits, or for its event records: for a person."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from collectors.exchange import Outcome
from collectors.order_line import OrderLine
from pipeline.errors import ConfigError, NoAnswerError
from pipeline.events import EventCount, EventKind, MeterEvent
from pipeline.model import MeterId
from pipeline.quantities import Kind
from pipeline.registry import Bus, Meter
from protocols.dlt645.catalogue import lookup
from protocols.dlt645.describe import words_of
from protocols.dlt645.driver import Dlt645Driver
from protocols.dlt645.events import RECORDS_KEPT, counter_queries, record_queries
from protocols.dlt645.explain_values import subject_of
from protocols.dlt645.memory import LOAD_RECORD
from protocols.dlt645.questions import MAX_DATA, read_query
from protocols.dlt645.version import VERSION_2007, Version
from protocols.session import Answer, Query, Refused
from services.bus_leases import leased
from services.line_bus import bus_name
from services.read_meter import MeterAddress, parse_meter_url
from services.settings import load_settings
from services.shown_values import shown_unit, shown_value
from services.wiring import driver_of, load_profiles, utc_now


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a meter said to one identifier."""

    identifier: str
    name: str
    """Empty where the catalogue does not know it."""
    zh: str
    fields: Mapping[str, str] = field(default_factory=dict)
    """Each field's name, and its exact text with its unit."""
    raw: str = ""
    """The answer's last frame in hex."""
    failure: str = ""
    """Why there is no answer, or not the whole of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsTold:
    """The event records of one meter."""

    counts: Sequence[EventCount]
    """Of what has happened at least once."""
    events: Sequence[MeterEvent]
    """The newest first."""
    failures: Sequence[str]
    """Questions that were refused or not answered, with the reason."""


def ask_identifiers(url: str, identifiers: Sequence[str]) -> tuple[Told, ...]:
    """Read identifiers of one meter now.

    Args:
        url: As for ``kilowatch read``.
        identifiers: Eight hexadecimal digits each, four for a meter of 1997, as the standard writes them.

    Raises:
        ConfigError: If the URL names no DL/T 645 meter, or digits are no identifier.
        NoAnswerError: If the meter answers nothing at all.
        StorageError: If a database is set, which says whose bus this is, and is away.
        TransportError: If the line does not open, or another process owns it.
    """
    where, driver = _dlt645(url)
    version = driver.version
    wires = [_wire(text, version) for text in identifiers]
    queries = [read_query(wire, MAX_DATA, version=version) for wire in wires]
    outcomes = asyncio.run(_Conversation(where, driver).items(queries))
    _require_answer(where, outcomes)
    return tuple(_told(wire, outcome, where.zone) for wire, outcome in zip(wires, outcomes, strict=True))


def ask_events(url: str, kinds: Sequence[EventKind] = (), newest: int = RECORDS_KEPT) -> EventsTold:
    """Read the event records of one meter of 2007 now: the counters first, then the records that are there.

    Args:
        url: As for ``kilowatch read``.
        kinds: Which events; every kind when none is named.
        newest: At most so many records of each kind and phase.

    Raises:
        ConfigError, NoAnswerError, StorageError, TransportError: As for :func:`ask_identifiers`.
    """
    where, driver = _dlt645(url)
    if driver.version is not VERSION_2007:
        raise ConfigError(f"meter URL {url!r}: a meter of 1997 has no event records; read B310 and its like")
    return asyncio.run(_Conversation(where, driver).events(kinds, newest))


class _Conversation:
    """One meter and the line to it."""

    def __init__(self, where: MeterAddress, driver: Dlt645Driver) -> None:
        """Prepare; nothing is opened yet.

        Raises:
            ConfigError: If the URL names no line, or an address that no meter has.
            StorageError: If a database is set and is away.
        """
        self._where = where
        bus = Bus(id=bus_name(where.line_url), url=where.line_url, timeout_s=where.timeout_s)
        self._bus = bus.id
        self._line = OrderLine(bus, now=utc_now, lock_dir=load_settings().lock_dir)
        self._session = driver.session(where.address)

    async def items(self, queries: Sequence[Query]) -> list[Outcome]:
        """Put the questions one after another; each outcome is of the last part of its answer."""
        async with self._opened():
            return [await self._whole(query) for query in queries]

    async def events(self, kinds: Sequence[EventKind], newest: int) -> EventsTold:
        """Ask the counters, then the records that they promise."""
        async with self._opened():
            counted = [await self._whole(query) for query in counter_queries(kinds)]
            _require_answer(self._where, counted)
            counts = [event for event in _events(counted) if isinstance(event, EventCount) and event.count]
            recorded = [await self._whole(query) for query in record_queries(counts, newest)]
        records = [event for event in _events(recorded) if isinstance(event, MeterEvent)]
        return EventsTold(
            counts=counts,
            events=sorted(records, key=lambda event: event.starts_at, reverse=True),
            failures=[_failure(outcome) for outcome in (*counted, *recorded) if _failure(outcome)],
        )

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[None]:
        async with leased([self._bus]):
            await self._line.open()
            try:
                yield
            finally:
                await self._line.close()

    async def _whole(self, query: Query) -> Outcome:
        """Ask until the answer is whole; what came before a lost part is kept."""
        outcome = await self._line.ask(self._session, query)
        while isinstance(outcome.event, Answer) and outcome.event.more is not None:
            following = await self._line.ask(self._session, outcome.event.more)
            if not isinstance(following.event, Answer):
                return outcome._replace(failure=f"the rest did not come: {_failure(following)}")
            outcome = following
        return outcome


def _dlt645(url: str) -> tuple[MeterAddress, Dlt645Driver]:
    where = parse_meter_url(url)
    profile = load_profiles(load_settings().profile_dir).get(where.profile)
    meter = Meter(id=MeterId(where.address), wiring=where.wiring, zone=where.zone)
    driver = driver_of(meter, profile) if profile is not None else None
    if not isinstance(driver, Dlt645Driver):
        raise ConfigError(
            f"meter URL {url!r}: identifiers and events are of DL/T 645; write dlt645+tcp://..."
        )
    return where, driver


def _wire(text: str, version: Version) -> bytes:
    try:
        wire = bytes.fromhex(text)[::-1]
    except ValueError:
        wire = b""
    if len(wire) != version.identifier_bytes:
        raise ConfigError(
            f"identifier {text!r}: a meter of {version.year} has {2 * version.identifier_bytes} hexadecimal "
            f"digits, such as {'04000409' if version is VERSION_2007 else '9010'}"
        )
    return wire


def _told(wire: bytes, outcome: Outcome, zone: ZoneInfo) -> Told:
    item = lookup(wire)
    english, chinese = words_of(item) if item is not None else ("", "")
    event = outcome.event
    failure = _failure(outcome)
    if isinstance(event, Refused) and len(wire) == VERSION_2007.identifier_bytes and wire[3] == LOAD_RECORD:
        failure += "; 06 is load records (负荷记录), asked for with a time: `kilowatch collect` fetches them"
    return Told(
        identifier=wire[::-1].hex().upper(),
        name=f"{item.row.name}{english}" if item is not None else "",
        zh=f"{item.row.zh}{chinese}" if item is not None else "",
        fields=_fields(event, zone) if isinstance(event, Answer) else {},
        raw=event.raw.hex(" ").upper() if event is not None else "",
        failure=failure,
    )


def _fields(answer: Answer, zone: ZoneInfo) -> dict[str, str]:
    """Return what an answer says: as values of ours, else as the catalogue describes its fields."""
    told = {
        str(quantity): shown_value(quantity, value, zone)
        if quantity.kind is Kind.INSTANT
        else f"{value} {shown_unit(quantity)}".rstrip()
        for quantity, value in answer.values.items()
    } | dict(answer.facts)
    if told:
        return told
    subject = subject_of(answer.raw)
    return {field.name: field.value for field in subject.fields} if subject is not None else {}


def _events(outcomes: Sequence[Outcome]) -> Iterator[MeterEvent | EventCount]:
    for outcome in outcomes:
        if isinstance(outcome.event, Answer):
            yield from outcome.event.events


def _failure(outcome: Outcome) -> str:
    """Return why there is no answer; empty when there is one, and all of it."""
    if isinstance(outcome.event, Refused):
        return str(outcome.event.error)
    return outcome.failure or str(outcome.cause or "")


def _require_answer(where: MeterAddress, outcomes: Sequence[Outcome]) -> None:
    if any(outcome.event is not None for outcome in outcomes):
        return
    raise NoAnswerError(
        f"meter {where.address} at {where.line_url}: no answer to {len(outcomes)} questions; "
        "check the address, the wires A and B, baud rate and parity"
    )
