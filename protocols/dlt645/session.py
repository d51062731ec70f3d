"""One meter's conversation over DL/T 645: a question out, whatever arrives in, events back.

An answer may go on in following frames (后续帧, D5 of the control code). Each part is an answer of its own
that holds everything so far and names the question for the next part: a lost part is asked again alone, and
what came before it is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

from pipeline.errors import DecodeError
from protocols.dlt645.acknowledgement import acknowledged
from protocols.dlt645.catalogue import Item, lookup
from protocols.dlt645.decoding import Decoder, Flags, Values, has_trailer
from protocols.dlt645.frame import (
    ABNORMAL,
    FROM_METER,
    FUNCTION,
    HEADER,
    MINUS_33,
    MORE,
    PREAMBLE,
    START,
    address_bytes,
    build,
    padded_address,
)
from protocols.dlt645.framer import Framer
from protocols.dlt645.functions import Function2007
from protocols.dlt645.memory import FreezeMemory, load_records
from protocols.dlt645.questions import LAST_SEQUENCE, following_query
from protocols.dlt645.redaction import redacted
from protocols.dlt645.refusals import refusal, security_refusal
from protocols.dlt645.values import bytes_to_instant
from protocols.dlt645.version import VERSION_2007, Version
from protocols.session import Answer, Dropped, DropReason, Event, NeedData, Query, Refused

CONTROL: Final = 9
"""Bytes up to and with the control code."""
ADDRESS: Final = 6
FREEZE: Final = 0x05
DAILY_FREEZE: Final = b"\x06\x05"
FREEZE_OF_DAY: Final = b"\x00"
"""In place of a freeze's number, followed by a day (ISO 8601): the session knows the number when it asks."""
FREEZE_TIME: Final = 0
"""The kind of item that is a freeze's time."""
LOAD_RECORD: Final = 0x06
RECORDS_FROM: Final = b"\x01\x00"
"""The beginning of an identifier that asks for load records from a time on; the time follows their number."""
ANY_ADDRESS: Final = b"\xaa" * ADDRESS
REPORT: Final = b"\x01\x15\x00\x04"
"""04001501, the report of an event that some meters send in place of the answer (State Grid)."""
MOST_JOINED: Final = 16 * 1024
"""A meter that says after so many bytes that more follows never ends."""
MOST_PARTS: Final = 2 * LAST_SEQUENCE

ECHOES_WILDCARD: Final = "answers with the wildcard AA instead of its own address"
TRAILING_AA: Final = "closes blocks with AA"
REPORTS_UNASKED: Final = "sends event reports (04001501) in place of answers"
NEVER_ENDS: Final = "says without end that more follows"

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_AFTER_MIDNIGHT: Final = timedelta(minutes=2)
"""So soon after midnight, a date asked before the time may be yesterday's."""


class Dlt645Session:
    """The conversation with the meter at one address."""

    def __init__(self, address: str, decoder: Decoder, version: Version = VERSION_2007) -> None:
        """Prepare to talk to a meter.

        Args:
            address: Up to twelve digits as printed on the meter; AA pairs stand for any.
            decoder: Reads answers for the meter's wiring and clock zone.
            version: Which edition of the standard the meter speaks.

        Raises:
            ValueError: If the address has other characters or is too long.
        """
        self._address = address_bytes(padded_address(address))
        self._decoder = decoder
        self._version = version
        self._size = version.identifier_bytes
        self._clock_items = frozenset(filter(None, (version.date, version.time, version.date_and_time)))
        self._framer = Framer()
        self._query: Query | None = None
        self._function = 0
        self._is_order = False
        self._hides = False  # An order with a password went out: its echo may come back in pieces.
        self._identifier = b""
        self._item: Item | None = None
        self._is_present = False
        self._records_from: datetime | None = None
        self._expected = b""
        self._joined = b""
        self._sequence = 0
        self._freezes = FreezeMemory(decoder.zone)
        self._date = b""
        self._report = b""

    def ask(self, query: Query) -> bytes:
        """Open a question and return the bytes to send, preamble included."""
        self._framer.abandon()
        self._query = query
        self._function = query.body[0]
        self._is_order = not self._version.asks(self._function)
        self._hides |= query.is_secret
        data = query.body[1:]
        if self._function == self._version.read_again:
            pass  # The item is that of the question before.
        elif self._function == self._version.read_following:
            if data[: self._size] != self._identifier:
                self._begin(data[: self._size], data)
        else:
            if data[:1] == FREEZE_OF_DAY and data[2:4] == DAILY_FREEZE:
                number = self._freezes.number_of(date.fromisoformat(data[4:].decode("ascii")))
                data = bytes((number,)) + data[1:4]
            self._begin(data[: self._size], data)
        self._expected = bytes((START, *self._address, START, self._function | FROM_METER))
        return PREAMBLE + build(self._address, self._function, data)

    def _begin(self, identifier: bytes, data: bytes) -> None:
        """Forget the item of the question before, and its parts."""
        version = self._version
        is_read = self._function in (version.read, version.read_following)
        self._identifier = identifier if is_read else b""
        self._item = lookup(identifier) if is_read else None
        self._joined, self._sequence = b"", 0
        if identifier != version.time:
            self._date = b""  # Only a time asked right after its date makes a clock.
        family = identifier[3] if is_read and len(identifier) > 3 else 0  # noqa: PLR2004 - DI3
        stored = family in (FREEZE, LOAD_RECORD)
        self._is_present = is_read and not stored and identifier not in self._clock_items
        self._records_from = None
        if identifier[:2] == RECORDS_FROM and family == LOAD_RECORD:
            self._records_from = bytes_to_instant(data[5:], self._decoder.zone)

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the line, in any chunks."""
        self._framer.receive_data(data)

    def next_event(self) -> Event | Literal[NeedData.NEED_DATA]:
        """Return the next answer, refusal or piece that is neither; ``NEED_DATA`` when there is none."""
        found = self._framer.next_event()
        if not isinstance(found, bytes):
            return self._clean(found)
        data = found[HEADER:-2].translate(MINUS_33)
        query = self._query
        if query is None or found[:CONTROL] != self._expected or data[: self._size] != self._identifier:
            reason = self._no_answer(found, data)
            if reason is not None or query is None:
                return Dropped(reason=reason or DropReason.LATE, raw=redacted(found))
        try:
            event = (
                self._refused(query, found, data) if found[8] & ABNORMAL else self._answer(query, found, data)
            )
        except DecodeError:
            return Dropped(reason=DropReason.MALFORMED, raw=redacted(found))
        if isinstance(event, Dropped):
            return event
        if isinstance(event, Answer) and self._is_of_an_earlier_time(event):
            return Dropped(reason=DropReason.LATE, raw=found)
        self._query = None
        return event

    def _clean(self, found: Dropped | Literal[NeedData.NEED_DATA]) -> Dropped | Literal[NeedData.NEED_DATA]:
        """Hide noise that may be the broken echo of an order with a password."""
        if isinstance(found, Dropped) and self._hides:
            return replace(found, raw=redacted(found.raw))
        return found

    def _is_of_an_earlier_time(self, answer: Answer) -> bool:
        """Tell whether load records answer an older question: identifiers are alike, only the times tell."""
        if self._records_from is None or not answer.records:
            return False
        return answer.records[-1].taken_at < self._records_from

    def _no_answer(self, raw: bytes, data: bytes) -> DropReason | None:
        """Tell why a sound frame does not answer the open question; None when it does."""
        control = raw[8]
        if not control & FROM_METER:
            return DropReason.ECHO
        # A meter that is given another address answers from the new one.
        moved = self._function == Function2007.WRITE_ADDRESS and self._version is VERSION_2007
        if raw[1:7] != self._address and not moved and not self._is_ours(raw[1:7]):
            return DropReason.FOREIGN_ADDRESS
        if control & FUNCTION != self._function:
            return DropReason.LATE
        # A refusal does not repeat the identifier; nor does an answer to what is no read.
        if control & ABNORMAL or data[: self._size] == self._identifier or not self._identifier:
            return None
        if data[: self._size] == REPORT:
            self._report = data[self._size :]
            return DropReason.REPORT
        return DropReason.LATE

    def _is_ours(self, address: bytes) -> bool:
        """Allow for meters that repeat the wildcard, and for the wildcards in our own question."""
        if address == ANY_ADDRESS:
            return True
        return all(asked in (0xAA, 0x99, told) for asked, told in zip(self._address, address, strict=True))

    def _refused(self, query: Query, raw: bytes, data: bytes) -> Refused:
        if len(data) == 2 and self._function in (Function2007.AUTHENTICATE, Function2007.CONTROL):  # noqa: PLR2004 - SERR
            return Refused(query=query, raw=raw, error=security_refusal(query.what, data))
        if len(data) != 1:
            raise DecodeError("a refusal carries one error byte", data)
        if self._identifier[2:] == DAILY_FREEZE and self._identifier[1] == FREEZE_TIME:
            self._freezes.told_time(self._identifier[0], None)
        error = refusal(query.what, data[0], self._version.refusal_bits)
        return Refused(query=query, raw=raw, error=error)

    def _answer(self, query: Query, raw: bytes, data: bytes) -> Answer | Dropped:
        """Read the content.

        Raises:
            DecodeError: If it does not fit the question.
        """
        if self._is_order:
            facts = acknowledged(self._version, query.body, data)
            return Answer(query=query, raw=redacted(raw), facts=facts)
        content = data[self._size :]
        if raw[8] & MORE or self._joined or query.part_of:
            return self._part(query, raw, content)
        item = self._item
        if item is None or not self._is_present or self._report or raw[1:7] == ANY_ADDRESS or item.is_block:
            return self._unusual(query, raw, data, cut_short=False)
        values, flags = self._decoder.values(item, content)
        return Answer(query=query, raw=raw, values=values, flags=flags, facts=_NOTHING)

    def _part(self, query: Query, raw: bytes, content: bytes) -> Answer | Dropped:
        """Join a part to those before it, and read what there is.

        Raises:
            DecodeError: If it does not fit the question.
        """
        if query.part_of and self._version.has_sequence:
            asked = self._sequence % LAST_SEQUENCE + 1
            if not content or content[-1] != asked:
                return Dropped(reason=DropReason.LATE, raw=raw)
            content = content[:-1]
        goes_on = raw[8] & MORE != 0
        joined = self._joined + content
        endless = goes_on and (len(joined) > MOST_JOINED or self._sequence >= MOST_PARTS)
        answer = self._unusual(query, raw, self._identifier + joined, cut_short=goes_on)
        self._joined = joined
        if endless:
            return replace(answer, deviations=(*answer.deviations, NEVER_ENDS))
        if not goes_on:
            return answer
        self._sequence += 1 if query.part_of else 0
        more = following_query(query, self._identifier, self._sequence + 1, self._version)
        return replace(answer, more=more)

    def _unusual(self, query: Query, raw: bytes, data: bytes, *, cut_short: bool) -> Answer:
        """Read any answer, and note in what the meter differs from the standard."""
        content = data[self._size :]
        item = self._item
        if item is not None and self._is_present:
            values, flags = self._decoder.values(item, content, cut_short=cut_short)
            answer = Answer(query=query, raw=raw, values=values, flags=flags, facts=_NOTHING)
        else:
            answer = self._stored_or_said(query, raw, data, cut_short=cut_short)
        deviations = []
        if raw[1:7] == ANY_ADDRESS:
            deviations.append(ECHOES_WILDCARD)
        if item is not None and item.is_block and not cut_short and has_trailer(item, content):
            deviations.append(TRAILING_AA)
        if self._report:
            deviations.append(REPORTS_UNASKED)
            answer = replace(answer, facts={**answer.facts, "event_report": self._report.hex(" ").upper()})
            self._report = b""
        return replace(answer, deviations=tuple(deviations)) if deviations else answer

    def _stored_or_said(self, query: Query, raw: bytes, data: bytes, *, cut_short: bool) -> Answer:
        """Read what is no present value: the meter's address, clock or memory, or what nobody knows."""
        content = data[self._size :]
        if self._function == Function2007.READ_ADDRESS and self._version is VERSION_2007:
            if len(data) != ADDRESS:
                raise DecodeError("an address has six bytes", data)
            return Answer(query=query, raw=raw, facts={"address": data[::-1].hex().upper()})
        if self._size > 2 and self._identifier[3:] == bytes((LOAD_RECORD,)):  # noqa: PLR2004 - of 2007
            records = load_records(content, self._identifier[2], self._decoder, cut_short=cut_short)
            return Answer(query=query, raw=raw, records=records)
        item = self._item
        if item is None:
            return Answer(query=query, raw=raw)
        if self._identifier in self._clock_items:
            return Answer(query=query, raw=raw, facts=self._clock(content))
        values, flags = self._decoder.values(item, content, cut_short=cut_short)
        return self._freeze_answer(query, raw, content, values, flags)

    def _freeze_answer(
        self, query: Query, raw: bytes, content: bytes, values: Values, flags: Flags
    ) -> Answer:
        number, kind = self._identifier[0], self._identifier[1]
        if self._identifier[2:] == DAILY_FREEZE:
            if kind == FREEZE_TIME:
                self._freezes.told_time(number, bytes_to_instant(content[:5], self._decoder.zone))
            else:
                self._freezes.told_values(number, values, flags)
        return Answer(query=query, raw=raw, records=self._freezes.take())

    def _clock(self, content: bytes) -> dict[str, str]:
        """Return the meter's clock in UTC, from one answer or from a date and the time asked next."""
        day, self._date = self._date, b""
        if self._identifier == self._version.date:
            self._date = content[1:]
            return {}
        if self._identifier == self._version.date_and_time:
            day = content[4:]
        clock = bytes_to_instant(content[:3] + day, self._decoder.zone) if day else None
        is_time_alone = self._identifier == self._version.time
        if clock is None or (is_time_alone and self._is_just_after_midnight(clock)):
            return {}
        return {"clock": clock.isoformat()}

    def _is_just_after_midnight(self, clock: datetime) -> bool:
        local = clock.astimezone(self._decoder.zone)
        return timedelta(hours=local.hour, minutes=local.minute) < _AFTER_MIDNIGHT
