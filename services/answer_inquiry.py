"""Answers an inquiry on a bus of ours: asks the meter, and puts what it says into people's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from collectors.bus import BusOwner
from collectors.exchange import WRONG_SEQUENCE
from collectors.targets import Target
from collectors.turns import Priority
from pipeline.coverage import Cause
from pipeline.errors import BusBusyError, ConfigError, DecodeError, NoAnswerError, TransportError
from pipeline.events import EventCount, MeterEvent
from pipeline.quantities import Kind
from protocols.dlt645.asked import (
    freeze_time_query,
    identifier_bytes,
    identifier_query,
    is_load_record,
    joined_content,
)
from protocols.dlt645.catalogue import Item, lookup
from protocols.dlt645.describe import describe, describe_blocks, words_of
from protocols.dlt645.driver import Dlt645Driver
from protocols.dlt645.events import counter_queries, event_asked, record_queries
from protocols.dlt645.explain_values import subject_of
from protocols.dlt645.values import bytes_to_instant
from protocols.dlt645.version import VERSION_2007
from protocols.session import Answer, Query
from services.inquiry import Inquiry, RefusedEvents, Reply, StoredRecord, Told
from services.shown_values import shown_time, shown_unit, shown_value

SILENT_ENOUGH = 2
"""So many questions without an answer at the beginning, and the meter is taken to be silent."""

NONE_STORED = "the meter stores no such record"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What became of one question, follow-up frames included."""

    query: Query
    answers: tuple[Answer, ...]
    is_refused: bool
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _AskedItem:
    """An identifier, and a freeze's time before and after it: its number moves with every freeze."""

    item: _Asked
    before: _Asked | None
    after: _Asked | None


def check(inquiry: Inquiry, target: Target) -> Dlt645Driver:
    """Return the driver of a meter that can be asked this.

    Raises:
        ConfigError: If it is no DL/T 645 meter, digits are no identifier, or a load record lacks its time.
    """
    driver = target.driver
    if not isinstance(driver, Dlt645Driver):
        raise ConfigError(
            f"meter {target.meter}: identifiers and events are of DL/T 645; write dlt645+tcp://..."
        )
    if not inquiry.identifiers and driver.version is not VERSION_2007:
        raise ConfigError(f"meter {target.meter}: one of 1997 has no event records; read B310 and its like")
    _queries(inquiry, driver)
    return driver


async def answer(owner: BusOwner, target: Target, inquiry: Inquiry) -> Reply:
    """Ask a meter on a bus of ours, one question a turn, before the backfill and between live slots.

    Raises:
        ConfigError: As for :func:`check`.
        NoAnswerError: If the meter answers nothing at all.
        BusBusyError: If another process owns the bus.
        TransportError: If the line does not open.
    """
    driver = check(inquiry, target)
    conversation = _Conversation(owner, target)
    if inquiry.identifiers:
        asked = [(wire, await conversation.item(wire, query)) for wire, query in _queries(inquiry, driver)]
        conversation.require_heard()
        return Reply(items=tuple(_told(wire, item, driver) for wire, item in asked))
    counted = await conversation.all(counter_queries(inquiry.kinds))
    conversation.require_heard()
    counts = [event for event in _events(counted) if isinstance(event, EventCount) and event.count]
    recorded = await conversation.all(record_queries(counts, inquiry.newest))
    records = [event for event in _events(recorded) if isinstance(event, MeterEvent)]
    return Reply(
        counts=counts,
        events=sorted(records, key=lambda event: event.starts_at, reverse=True),
        refused=list(_refused([*counted, *recorded])),
        failures=[asked.failure for asked in (*counted, *recorded) if asked.failure and not asked.is_refused],
    )


class _Conversation:
    """One meter, asked question by question."""

    def __init__(self, owner: BusOwner, target: Target) -> None:
        self._owner = owner
        self._target = target
        self._heard = False
        self._unheard = 0

    async def all(self, queries: Sequence[Query]) -> list[_Asked]:
        return [await self.ask(query) for query in queries]

    async def item(self, wire: bytes, query: Query) -> _AskedItem:
        time = freeze_time_query(wire)
        before = await self.ask(time) if time is not None else None
        item = await self.ask(query)
        return _AskedItem(item=item, before=before, after=await self.ask(time) if time is not None else None)

    def require_heard(self) -> None:
        """Complain about a meter that answered nothing at all."""
        if not self._heard:
            raise NoAnswerError(
                f"meter {self._target.meter}, address {self._target.address} at {self._owner.bus.url}: "
                f"no answer to {self._unheard} questions; check the address, the wires A and B, baud rate "
                "and parity"
            )

    async def ask(self, query: Query) -> _Asked:
        poll = await self._owner.ask_by_turns(self._target, lambda _: [query], Priority.ON_DEMAND)
        if poll.cause is Cause.BUS_BUSY:
            raise BusBusyError(poll.failure)
        if poll.cause is Cause.LINK:
            raise TransportError(f"meter {self._target.meter}: {poll.failure}")
        answers = tuple(outcome.event for outcome in poll.outcomes if isinstance(outcome.event, Answer))
        is_refused = not answers and (poll.alive or poll.cause is Cause.REFUSED)
        self._heard |= bool(answers) or is_refused
        self._unheard += not self._heard
        if self._unheard >= SILENT_ENOUGH:
            self.require_heard()
        failure = poll.failure or str(poll.cause or "")
        if answers and failure:
            # One that came with another number is told in words; it is no missing answer.
            why = "" if failure.endswith(WRONG_SEQUENCE) else f" ({poll.cause})"
            failure = f"the rest did not come{why}: {failure}"
        return _Asked(query=query, answers=answers, is_refused=is_refused, failure=failure)


def _queries(inquiry: Inquiry, driver: Dlt645Driver) -> list[tuple[bytes, Query]]:
    since = inquiry.since.astimezone(driver.zone) if inquiry.since is not None else None
    try:
        wires = [identifier_bytes(text, driver.version) for text in inquiry.identifiers]
        return [(wire, identifier_query(wire, driver.version, since, inquiry.blocks)) for wire in wires]
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _told(wire: bytes, asked: _AskedItem, driver: Dlt645Driver) -> Told:
    item = lookup(wire)
    english, chinese = words_of(item) if item is not None else ("", "")
    name, zh = (item.row.name, item.row.zh) if item is not None else ("", "")
    if is_load_record(wire):
        name, zh = "load record", "负荷记录"
    answers = asked.item.answers
    told = Told(
        identifier=wire[::-1].hex().upper(),
        name=f"{name}{english}",
        zh=f"{zh}{chinese}",
        raw=answers[-1].raw.hex(" ").upper() if answers else "",
        failure=asked.item.failure,
    )
    if not answers:
        return told
    content = joined_content([answer.raw for answer in answers], driver.version)
    if is_load_record(wire):
        return _with_load_records(told, content, wire[2], driver.zone)
    fields = _fields(item, answers[-1], content, driver.zone)
    if asked.before is None or asked.after is None:
        return replace(told, fields=fields)
    return _with_freeze(told, fields, asked.before, asked.after)


def _with_load_records(told: Told, content: bytes, load_class: int, zone: ZoneInfo) -> Told:
    """Read the blocks; what came before a part that is lost is kept."""
    try:
        blocks = describe_blocks(content, load_class, cut_short=bool(told.failure))
    except DecodeError as error:
        return replace(told, failure=told.failure or f"not the layout of annex B: {error}")
    records = []
    for block in blocks:
        instant = bytes_to_instant(block.instant, zone)
        at = shown_time(instant, zone) if instant is not None else block.stored_at.value
        mark = block.stored_at.name.removeprefix("stored at")
        records.append(StoredRecord(at=at + mark, fields={told.name: told.value for told in block.fields}))
    return replace(told, records=tuple(records), failure=told.failure or ("" if records else NONE_STORED))


def _with_freeze(told: Told, fields: Mapping[str, str], before: _Asked, after: _Asked) -> Told:
    """Put a freeze's time beside its values, when it was the same before and after them."""
    first, last = (" ".join(_facts(asked).values()) for asked in (before, after))
    if not first or first != last:
        why = (
            "a freeze was made meanwhile: ask again" if first and last else f"no time of it: {before.failure}"
        )
        return replace(told, fields=fields, failure=told.failure or why)
    return replace(told, records=(StoredRecord(at=first, fields=fields),))


def _facts(asked: _Asked) -> Mapping[str, str]:
    """Return what an answer says in the catalogue's words."""
    subject = subject_of(asked.answers[-1].raw) if asked.answers else None
    return {field.name: field.value for field in subject.fields} if subject is not None else {}


def _fields(item: Item | None, answer: Answer, content: bytes, zone: ZoneInfo) -> Mapping[str, str]:
    """Return what an answer says: as values of ours, else as the catalogue describes its fields."""
    told = {
        str(quantity): shown_value(quantity, value, zone)
        if quantity.kind is Kind.INSTANT
        else f"{value} {shown_unit(quantity)}".rstrip()
        for quantity, value in answer.values.items()
    } | dict(answer.facts)
    if told or item is None:
        return told
    return {field.name: field.value for field in describe(item, content)}


def _events(asked: Sequence[_Asked]) -> Iterator[MeterEvent | EventCount]:
    for one in asked:
        if one.answers:
            yield from one.answers[-1].events


def _refused(asked: Sequence[_Asked]) -> Iterator[RefusedEvents]:
    for one in asked:
        about = event_asked(one.query)
        if one.is_refused and about is not None:
            kind, part = about
            yield RefusedEvents(kind=kind, part=part, identifier=one.query.what, reason=one.failure)
