"""One meter's conversation over DL/T 645: a question out, whatever arrives in, events back.

An answer may go on in following frames (后续帧, D5 of the control code). Each part is an answer of its own
that holds everything so far and names the question for the next part: a lost part is asked again alone, and
what came before it is kept.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Final, Literal

from pipeline.errors import DecodeError
from protocols.dlt645.acknowledgement import acknowledged
from protocols.dlt645.decoding import Decoder, has_trailer
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
    padded_address,
)
from protocols.dlt645.framer import Framer
from protocols.dlt645.functions import Function2007
from protocols.dlt645.memory import DAILY_FREEZE, LOAD_RECORD
from protocols.dlt645.questions import FREEZE_OF_DAY, LAST_SEQUENCE, PAST_PERIOD, following_query
from protocols.dlt645.reader import AnswerReader
from protocols.dlt645.redaction import redacted
from protocols.dlt645.refusals import refusal, security_refusal
from protocols.dlt645.request import Request, reading, reading_present, sent
from protocols.dlt645.values import bytes_to_instant
from protocols.dlt645.version import VERSION_2007, Version
from protocols.session import Answer, Dropped, DropReason, Event, NeedData, Query, Refused

CONTROL: Final = 8
"""Place of the control code in a frame."""
ADDRESS: Final = 6
RECORDS_FROM: Final = b"\x01\x00"
"""The beginning of an identifier that asks for load records from a time on; the time follows their number."""
ANY_ADDRESS: Final = b"\xaa" * ADDRESS
REPORT: Final = b"\x01\x15\x00\x04"
"""04001501, the report of an event that some meters send in place of the answer (State Grid)."""
MOST_JOINED: Final = 16 * 1024
"""A meter that says after so many bytes that more follows never ends, nor one whose part is empty."""
MOST_PARTS: Final = 2 * LAST_SEQUENCE

ECHOES_WILDCARD: Final = "answers with the wildcard AA instead of its own address"
TRAILING_AA: Final = "closes blocks with AA"
REPORTS_UNASKED: Final = "sends event reports (04001501) in place of answers"
NEVER_ENDS: Final = "says without end that more follows"


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
        self._head = bytes((START, *self._address, START))
        self._opening = PREAMBLE + self._head
        self._head_sum = sum(self._head)
        self._answer_head = b""  # How a plain answer to the open question begins; empty where none is due.
        self._decoder = decoder
        self._version = version
        self._size = version.identifier_bytes
        self._framer = Framer()
        self._query: Query | None = None
        self._request = sent(0, b"", version)
        self._hides = False  # An order with a password went out: its echo may come back in pieces.
        self._records_from: datetime | None = None
        self._joined = b""
        self._sequence = 0
        self._reader = AnswerReader(decoder, version)
        self._report = b""

    def ask(self, query: Query) -> bytes:
        """Open a question and return the bytes to send, preamble included."""
        self._framer.abandon()
        self._query = query
        self._hides |= query.is_secret
        body = query.body
        if body[0] == self._version.read and len(body) == 1 + self._size:
            request = reading_present(body[1:], self._decoder, self._version)
            self._begin(request.identifier)
        else:
            request = self._unusual_request(body[0], body[1:])
        self._request = request
        is_plain = request.answer and self._address != ANY_ADDRESS
        self._answer_head = self._head + request.answer if is_plain else b""
        return self._opening + request.sent + request.closing(self._head_sum)

    def _unusual_request(self, function: int, data: bytes) -> Request:
        """Return what is no read of an identifier alone, and begin anew unless it goes on with the last."""
        version, last = self._version, self._request
        is_next_part = function == version.read_following and data[: self._size] == last.identifier
        if is_next_part or function == version.read_again:
            return sent(function, data, version)._replace(identifier=last.identifier, item=last.item)
        data = self._numbered(function, data)
        self._begin(data[: self._size])
        if function not in (version.read, version.read_following):
            return sent(function, data, version)
        request = reading(function, data, self._decoder, version)
        if request.identifier[:2] == RECORDS_FROM and request.identifier[3:] == bytes((LOAD_RECORD,)):
            self._records_from = bytes_to_instant(data[5:], self._decoder.zone)
        return request

    def _numbered(self, function: int, data: bytes) -> bytes:
        """Put the number that the meter gives a day's freeze or a past period in the place of its time."""
        if function != self._version.read:
            return data
        has_time = len(data) > self._size
        if has_time and data[:1] == FREEZE_OF_DAY and data[2:4] == DAILY_FREEZE:
            number = self._reader.freezes.number_of(date.fromisoformat(data[4:].decode("ascii")))
        elif has_time and data[:1] == PAST_PERIOD:
            number = self._reader.settlement.number_of(datetime.fromisoformat(data[4:].decode("ascii")))
        else:
            return data
        return bytes((number,)) + data[1:4]

    def _begin(self, identifier: bytes) -> None:
        """Forget the parts of the answer to the question before."""
        self._joined, self._sequence, self._records_from = b"", 0, None
        self._reader.begin(identifier)

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the line, in any chunks."""
        self._framer.receive_data(data)

    def next_event(self) -> Event | Literal[NeedData.NEED_DATA]:
        """Return the next answer, refusal or piece that is neither; ``NEED_DATA`` when there is none."""
        found = self._framer.next_event()
        if not isinstance(found, bytes):
            return self._clean(found)
        query, head = self._query, self._answer_head
        if query is not None and head and not self._report and found.startswith(head):
            self._query = None
            content = found[len(head) : -2].translate(MINUS_33)
            values, flags = self._decoder.read(self._request.slots, content)
            return Answer(query, found, values, flags)
        data = found[HEADER:-2].translate(MINUS_33)
        reason = self._no_answer(found, data)
        if reason is not None or query is None:
            foreign = reason is DropReason.FOREIGN_ADDRESS
            address = found[6:0:-1].hex().upper() if foreign else ""
            return Dropped(reason=reason or DropReason.LATE, raw=redacted(found), address=address)
        try:
            refused = found[CONTROL] & ABNORMAL
            event = self._refused(query, found, data) if refused else self._answer(query, found, data)
        except DecodeError:
            return Dropped(reason=DropReason.MALFORMED, raw=redacted(found))
        if not isinstance(event, Dropped):
            self._query = None
        return event

    def _clean(self, found: Dropped | Literal[NeedData.NEED_DATA]) -> Dropped | Literal[NeedData.NEED_DATA]:
        """Hide noise that may be the broken echo of an order with a password."""
        if isinstance(found, Dropped) and self._hides:
            return replace(found, raw=redacted(found.raw))
        return found

    def _no_answer(self, raw: bytes, data: bytes) -> DropReason | None:
        """Tell why a sound frame does not answer the open question; None when it does."""
        control = raw[CONTROL]
        if not control & FROM_METER:
            return DropReason.ECHO
        # A meter that is given another address answers from the new one.
        moved = self._request.function == Function2007.WRITE_ADDRESS and self._version is VERSION_2007
        if raw[1:7] != self._address and not moved and not self._is_ours(raw[1:7]):
            return DropReason.FOREIGN_ADDRESS
        if control & FUNCTION != self._request.function:
            return DropReason.LATE
        # A refusal does not repeat the identifier; nor does an answer to what is no read.
        if control & ABNORMAL or self._request.identifier in (data[: self._size], b""):
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
        if len(data) == 2 and self._request.function in (Function2007.AUTHENTICATE, Function2007.CONTROL):  # noqa: PLR2004 - SERR
            return Refused(query=query, raw=raw, error=security_refusal(query.what, data))
        if len(data) != 1:
            raise DecodeError("a refusal carries one error byte", data)
        error = refusal(query.what, data[0], self._version.refusal_bits)
        if error.lasting:
            self._reader.refused(self._request.identifier)
        return Refused(query=query, raw=raw, error=error)

    def _answer(self, query: Query, raw: bytes, data: bytes) -> Answer | Dropped:
        """Read the content.

        Raises:
            DecodeError: If it does not fit the question.
        """
        if self._request.is_order:
            facts = acknowledged(self._version, query.body, data)
            return Answer(query=query, raw=redacted(raw), facts=facts)
        content = data[self._size :]
        if raw[CONTROL] & MORE or self._joined or query.part_of:
            answer = self._part(query, raw, content)
        else:
            answer = self._unusual(query, raw, data, cut_short=False)
        if isinstance(answer, Answer) and self._is_of_an_earlier_time(answer):
            return Dropped(reason=DropReason.LATE, raw=raw)
        return answer

    def _is_of_an_earlier_time(self, answer: Answer) -> bool:
        """Tell whether load records answer an older question: identifiers are alike, only the times tell."""
        if self._records_from is None or not answer.records:
            return False
        return answer.records[-1].taken_at < self._records_from

    def _part(self, query: Query, raw: bytes, content: bytes) -> Answer | Dropped:
        """Join a part to those before it, and read what there is.

        Raises:
            DecodeError: If it does not fit the question.
        """
        if query.part_of and self._version.has_sequence:
            asked = self._sequence % LAST_SEQUENCE + 1
            if not content or content[-1] != asked:
                return Dropped(reason=DropReason.SEQUENCE, raw=raw)
            content = content[:-1]
        goes_on = raw[CONTROL] & MORE != 0
        joined = self._joined + content
        too_much = len(joined) > MOST_JOINED or self._sequence >= MOST_PARTS
        endless = goes_on and (too_much or not content)
        answer = self._unusual(query, raw, self._request.identifier + joined, cut_short=goes_on)
        self._joined = joined
        if endless:
            return answer._replace(deviations=(*answer.deviations, NEVER_ENDS))
        if not goes_on:
            return answer
        self._sequence += 1 if query.part_of else 0
        more = following_query(query, self._request.identifier, self._sequence + 1, self._version)
        return answer._replace(more=more)

    def _unusual(self, query: Query, raw: bytes, data: bytes, *, cut_short: bool) -> Answer:
        """Read any answer, and note in what the meter differs from the standard."""
        content = data[self._size :]
        item = self._request.item
        if self._request.function == Function2007.READ_ADDRESS and self._version is VERSION_2007:
            answer = self._address_answer(query, raw, data)
        else:
            read = self._reader.read_part if cut_short else self._reader.read
            answer = read(Answer(query=query, raw=raw), item, self._request.identifier, content)
        deviations = []
        if raw[1:7] == ANY_ADDRESS:
            deviations.append(ECHOES_WILDCARD)
        if item is not None and item.is_block and not cut_short and has_trailer(item, content):
            deviations.append(TRAILING_AA)
        if self._report:
            deviations.append(REPORTS_UNASKED)
            answer = answer._replace(facts={**answer.facts, "event_report": self._report.hex(" ").upper()})
            self._report = b""
        return answer._replace(deviations=tuple(deviations)) if deviations else answer

    def _address_answer(self, query: Query, raw: bytes, data: bytes) -> Answer:
        if len(data) != ADDRESS:
            raise DecodeError("an address has six bytes", data)
        return Answer(query=query, raw=raw, facts={"address": data[::-1].hex().upper()})
