"""Reads one meter's answers with what it said before: its clock, combination words, undated freezes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from protocols.dlt645.catalogue import IDENTIFIER_2007, Item
from protocols.dlt645.catalogue_rows import Axis
from protocols.dlt645.combination import CombinationWords
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.describe import described_facts
from protocols.dlt645.events import counts_of, event_of
from protocols.dlt645.memory import DAILY_FREEZE, FREEZE_TIME, LOAD_RECORD, FreezeMemory, load_records
from protocols.dlt645.questions import SETTLEMENT_PROGRAMMING
from protocols.dlt645.settlement import SettlementMemory
from protocols.dlt645.values import bytes_to_instant
from protocols.dlt645.version import Version
from protocols.session import Answer

MONTHLY: Final = "month"
"""The axis of what is closed by the calendar month."""
_AFTER_MIDNIGHT: Final = timedelta(minutes=2)
"""So soon after midnight, a date asked before the time may be yesterday's."""
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class AnswerReader:
    """What the answers of one meter mean."""

    def __init__(self, decoder: Decoder, version: Version) -> None:
        """Start with a meter that has said nothing yet.

        Args:
            decoder: Reads values for the meter's wiring and clock zone.
            version: Which edition of the standard it speaks.
        """
        self.freezes = FreezeMemory(decoder.zone)
        self.settlement = SettlementMemory(decoder.zone)
        self._decoder = decoder
        self._version = version
        self._clock_items = frozenset(filter(None, (version.date, version.time, version.date_and_time)))
        self._words = CombinationWords()
        self._date = b""

    def begin(self, identifier: bytes) -> None:
        """Take notice of a new question: only a time asked right after its date makes a clock."""
        if identifier != self._version.time:
            self._date = b""
        if self._dates_periods(identifier):
            self.settlement.asked(identifier)

    def read(self, answer: Answer, item: Item | None, wire: bytes, content: bytes) -> Answer:
        """Return an answer with what it says.

        Args:
            answer: Its question and frame.
            item: What was asked; None where the catalogue does not know it.
            wire: The identifier that was asked.
            content: The data after the identifier.

        Raises:
            DecodeError: If the content does not fit what was asked.
        """
        return self._read(answer, item, wire, content, cut_short=False)

    def read_part(self, answer: Answer, item: Item | None, wire: bytes, content: bytes) -> Answer:
        """Return an answer that goes on with what has come so far.

        Raises:
            DecodeError: As in :meth:`read`.
        """
        return self._read(answer, item, wire, content, cut_short=True)

    def refused(self, wire: bytes) -> None:
        """Take notice that the meter has no such data."""
        if wire[2:] == DAILY_FREEZE and wire[1] == FREEZE_TIME:
            self.freezes.told_time(wire[0], None)
        elif self._dates_periods(wire):
            self.settlement.answered(wire)
            if wire in self._version.settlement_days:
                self.settlement.told_day(self._settlement_day(wire), "")

    def _read(
        self, answer: Answer, item: Item | None, wire: bytes, content: bytes, *, cut_short: bool
    ) -> Answer:
        if len(wire) == IDENTIFIER_2007 and wire[3] == LOAD_RECORD:
            records = load_records(content, wire[2], self._decoder, self._words, cut_short=cut_short)
            return answer._replace(records=records)
        if item is None:
            return answer
        if wire in self._clock_items:
            return self._clock_answer(answer, wire, content)
        item = self._words.item(item)
        if item.is_stored:
            return self._stored(answer, item, content, cut_short=cut_short)
        self._note(item, content)
        if item.row.event is not None:
            return self._event(answer, item, content)
        values, flags = self._decoder.values(
            item, content, cut_short=cut_short, told_at=self.settlement.clock
        )
        facts = NOTHING if item.quantities else described_facts(item, content)
        return answer._replace(values=values, flags=flags, facts=facts)

    def _note(self, item: Item, content: bytes) -> None:
        """Remember what other answers are read with."""
        self._words.told(item.wire, content)
        if self._dates_periods(item.wire):
            self.settlement.answered(item.wire)
        if item.wire in self._version.settlement_days:
            self.settlement.told_day(self._settlement_day(item.wire), content[::-1].hex())

    def _dates_periods(self, wire: bytes) -> bool:
        """Tell whether the dates of past periods hang on an identifier."""
        return wire == SETTLEMENT_PROGRAMMING or wire in self._version.settlement_days

    def _settlement_day(self, wire: bytes) -> int:
        return self._version.settlement_days.index(wire) + 1

    def _event(self, answer: Answer, item: Item, content: bytes) -> Answer:
        event = event_of(item, content, self._decoder.zone)
        if item.wire == SETTLEMENT_PROGRAMMING and event is not None:
            self.settlement.told_programming(event.starts_at)
        return answer._replace(
            events=counts_of(item, content) if event is None else (event,),
            facts=described_facts(item, content),
        )

    def _stored(self, answer: Answer, item: Item, content: bytes, *, cut_short: bool) -> Answer:
        """Keep what belongs to a past instant until it is known which; what stands there is told as it is."""
        monthly = any(isinstance(token, Axis) and token.name == MONTHLY for token in item.row.tokens)
        closed_at = self.settlement.closed_at(item.period, monthly=monthly)
        values, flags = self._decoder.values(item, content, cut_short=cut_short, told_at=closed_at)
        if item.wire[2:] != DAILY_FREEZE:
            if item.period:
                self.settlement.told_values(item.period, values, flags, monthly=monthly)
        elif item.wire[1] == FREEZE_TIME:
            self.freezes.told_time(item.wire[0], bytes_to_instant(content[:5], self._decoder.zone))
        else:
            self.freezes.told_values(item.wire[0], values, flags)
        return answer._replace(records=self.freezes.take(), facts=described_facts(item, content))

    def _clock_answer(self, answer: Answer, wire: bytes, content: bytes) -> Answer:
        clock = self._clock(wire, content)
        if clock is None:
            return answer._replace(facts=NOTHING)
        self.settlement.told_clock(clock)
        return answer._replace(facts={"clock": clock.isoformat()}, records=self.settlement.take())

    def _clock(self, wire: bytes, content: bytes) -> datetime | None:
        """Return the meter's clock in UTC, from one answer or from a date and the time asked next."""
        day, self._date = self._date, b""
        if wire == self._version.date:
            self._date = content[1:]
            return None
        if wire == self._version.date_and_time:
            day = content[4:]
        clock = bytes_to_instant(content[:3] + day, self._decoder.zone) if day else None
        if clock is None or (wire == self._version.time and self._is_just_after_midnight(clock)):
            return None
        return clock

    def _is_just_after_midnight(self, clock: datetime) -> bool:
        local = clock.astimezone(self._decoder.zone)
        return timedelta(hours=local.hour, minutes=local.minute) < _AFTER_MIDNIGHT
