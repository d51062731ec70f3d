"""One meter's conversation over DL/T 645-2007: a question out, whatever arrives in, events back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

from pipeline.errors import DecodeError
from protocols.dlt645.catalogue import Item, lookup
from protocols.dlt645.decoding import Decoder, Flags, Values
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
from protocols.dlt645.memory import FreezeMemory, load_records
from protocols.dlt645.refusals import refusal
from protocols.dlt645.values import bytes_to_instant
from protocols.session import Answer, Dropped, DropReason, Event, NeedData, Query, Refused

READ: Final = 0x11
READ_ADDRESS: Final = 0x13
CONTROL: Final = 9
"""Bytes up to and with the control code."""
IDENTIFIER: Final = 4
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

DATE: Final = bytes.fromhex("01010004")
TIME: Final = bytes.fromhex("02010004")
DATE_AND_TIME: Final = bytes.fromhex("0C010004")
_CLOCK: Final = frozenset((DATE, TIME, DATE_AND_TIME))
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_AFTER_MIDNIGHT: Final = timedelta(minutes=2)
"""So soon after midnight, a date asked before the time may be yesterday's."""


class Dlt645Session:
    """The conversation with the meter at one address."""

    def __init__(self, address: str, decoder: Decoder) -> None:
        """Prepare to talk to a meter.

        Args:
            address: Up to twelve digits as printed on the meter; AA pairs stand for any.
            decoder: Reads answers for the meter's wiring and clock zone.

        Raises:
            ValueError: If the address has other characters or is too long.
        """
        self._address = address_bytes(padded_address(address))
        self._decoder = decoder
        self._framer = Framer()
        self._query: Query | None = None
        self._function = 0
        self._identifier = b""
        self._item: Item | None = None
        self._is_present = False
        self._records_from: datetime | None = None
        self._expected = b""
        self._freezes = FreezeMemory(decoder.zone)
        self._date = b""

    def ask(self, query: Query) -> bytes:
        """Open a question and return the bytes to send, preamble included."""
        self._framer.abandon()
        self._query = query
        self._function = query.body[0]
        data = query.body[1:]
        if data[:1] == FREEZE_OF_DAY and data[2:IDENTIFIER] == DAILY_FREEZE:
            number = self._freezes.number_of(date.fromisoformat(data[IDENTIFIER:].decode("ascii")))
            data = bytes((number,)) + data[1:IDENTIFIER]
        self._identifier = data[:IDENTIFIER]
        self._item = lookup(self._identifier) if self._function == READ else None
        if self._identifier != TIME:
            self._date = b""  # Only a time asked right after its date makes a clock.
        self._is_present = self._identifier[3:] != bytes((FREEZE,)) and self._identifier not in _CLOCK
        self._records_from = None
        if self._identifier[:2] == RECORDS_FROM and self._identifier[3:] == bytes((LOAD_RECORD,)):
            self._records_from = bytes_to_instant(data[IDENTIFIER + 1 :], self._decoder.zone)
        self._expected = bytes((START, *self._address, START, self._function | FROM_METER))
        return PREAMBLE + build(self._address, self._function, data)

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the line, in any chunks."""
        self._framer.receive_data(data)

    def next_event(self) -> Event | Literal[NeedData.NEED_DATA]:
        """Return the next answer, refusal or piece that is neither; ``NEED_DATA`` when there is none."""
        found = self._framer.next_event()
        if not isinstance(found, bytes):
            return found
        data = found[HEADER:-2].translate(MINUS_33)
        query = self._query
        if query is None or found[:CONTROL] != self._expected or data[:IDENTIFIER] != self._identifier:
            reason = self._no_answer(found, data)
            if reason is not None or query is None:
                return Dropped(reason=reason or DropReason.LATE, raw=found)
        try:
            event = (
                self._refused(query, found, data) if found[8] & ABNORMAL else self._answer(query, found, data)
            )
        except DecodeError:
            return Dropped(reason=DropReason.MALFORMED, raw=found)
        if isinstance(event, Answer) and self._is_of_an_earlier_time(event):
            return Dropped(reason=DropReason.LATE, raw=found)
        self._query = None
        return event

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
        if raw[1:7] != self._address and not self._is_ours(raw[1:7]):
            return DropReason.FOREIGN_ADDRESS
        if control & FUNCTION != self._function:
            return DropReason.LATE
        # A refusal does not repeat the identifier; nor does an answer that is an address.
        if control & ABNORMAL or data[:IDENTIFIER] == self._identifier or self._function == READ_ADDRESS:
            return None
        return DropReason.LATE

    def _is_ours(self, address: bytes) -> bool:
        """Allow for meters that repeat the wildcard, and for the wildcards in our own question."""
        if address == ANY_ADDRESS:
            return True
        return all(asked in (0xAA, told) for asked, told in zip(self._address, address, strict=True))

    def _refused(self, query: Query, raw: bytes, data: bytes) -> Refused:
        if len(data) != 1:
            raise DecodeError("a refusal carries one error byte", data)
        if self._identifier[2:] == DAILY_FREEZE and self._identifier[1] == FREEZE_TIME:
            self._freezes.told_time(self._identifier[0], None)
        return Refused(query=query, raw=raw, error=refusal(query.what, data[0]))

    def _answer(self, query: Query, raw: bytes, data: bytes) -> Answer:
        """Read the content.

        Raises:
            DecodeError: If it does not fit the question.
        """
        item = self._item
        if item is None or not self._is_present:
            return self._stored_or_said(query, raw, data)
        values, flags = self._decoder.values(item, data[IDENTIFIER:], cut_short=raw[8] & MORE != 0)
        return Answer(query=query, raw=raw, values=values, flags=flags, facts=_NOTHING)

    def _stored_or_said(self, query: Query, raw: bytes, data: bytes) -> Answer:
        """Read what is no present value: the meter's address, clock or memory, or what nobody knows."""
        content = data[IDENTIFIER:]
        if self._function == READ_ADDRESS:
            if len(data) != ADDRESS:
                raise DecodeError("an address has six bytes", data)
            return Answer(query=query, raw=raw, facts={"address": data[::-1].hex().upper()})
        if self._identifier[3:] == bytes((LOAD_RECORD,)):
            records = load_records(content, self._identifier[2], self._decoder)
            return Answer(query=query, raw=raw, records=records)
        if self._item is None:
            return Answer(query=query, raw=raw)
        if self._identifier[3] != FREEZE:
            return Answer(query=query, raw=raw, facts=self._clock(self._item, content))
        values, flags = self._decoder.values(self._item, content, cut_short=raw[8] & MORE != 0)
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

    def _clock(self, item: Item, content: bytes) -> dict[str, str]:
        """Return the meter's clock in UTC, from one answer or from a date and the time asked next."""
        day, self._date = self._date, b""
        if item.wire == DATE:
            self._date = content[1:]
            return {}
        if item.wire == DATE_AND_TIME:
            day = content[4:]
        elif item.wire != TIME:
            return {}
        clock = bytes_to_instant(content[:3] + day, self._decoder.zone) if day else None
        if clock is None or (item.wire == TIME and self._is_just_after_midnight(clock)):
            return {}
        return {"clock": clock.isoformat()}

    def _is_just_after_midnight(self, clock: datetime) -> bool:
        local = clock.astimezone(self._decoder.zone)
        return timedelta(hours=local.hour, minutes=local.minute) < _AFTER_MIDNIGHT
