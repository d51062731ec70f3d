"""What a meter remembers, as records: load records, and freezes whose time and values are asked apart."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from pipeline.model import Origin
from protocols.dlt645.combination import CombinationWords
from protocols.dlt645.decoding import Decoder, Flags, Values
from protocols.dlt645.records import decode_blocks, section_fields
from protocols.dlt645.values import bytes_to_instant
from protocols.session import Record

DAILY_FREEZE: Final = b"\x06\x05"
"""The end of an identifier of a daily freeze: KK and DI3."""
FREEZE_TIME: Final = 0
"""The kind of item (II) that is a freeze's time."""
LOAD_RECORD: Final = 0x06
"""DI3 of load records."""
FREEZES_KEPT: Final = 62
"""The numbers that identifiers of daily freezes allow, 01 to 3E."""


def load_records(
    payload: bytes,
    load_class: int,
    decoder: Decoder,
    words: CombinationWords | None = None,
    *,
    cut_short: bool = False,
) -> tuple[Record, ...]:
    """Return the records in a load record answer; blocks marked invalid or without a time give none.

    Args:
        payload: What follows the identifier.
        load_class: 1 to 6, or 0 for all classes.
        decoder: For the meter's wiring and clock zone.
        words: Say what combined reactive energies are; without them they are left.
        cut_short: More frames follow, so that the last block may be broken off.

    Raises:
        DecodeError: If the blocks cannot be told apart.
    """
    records: list[Record] = []
    for block in decode_blocks(payload, load_class, cut_short=cut_short):
        taken_at = bytes_to_instant(block.stored_at, decoder.zone)
        if not block.is_valid or taken_at is None:
            continue
        values: Values = {}
        flags: Flags = {}
        for section, raw in block.sections.items():
            fields = section_fields(section, *(words.sums if words else ()))
            found, odd = decoder.read(decoder.slots(fields), raw)
            values |= found
            flags |= odd
        records.append(Record(taken_at=taken_at, origin=Origin.LOAD_RECORD, values=values, flags=flags))
    return tuple(records)


class FreezeMemory:
    """Finds daily freezes by their day, and joins each one's values to its time.

    A meter numbers its freezes back from the newest, so the number of a day changes every midnight and when a
    freeze is missing; the newest times that the meter told say which number to ask. Time and values are two
    questions: values asked just after midnight would get the wrong day. So a record is given out only when a
    later time answer proves that no number moved: the same number has the same time, the following number
    has an older one or none, or number 1 is what it was.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        """Start with nothing known of the meter."""
        self._zone = zone
        self._newest: datetime | None = None
        self._days: dict[int, date] = {}
        self._number = 0
        self._taken_at: datetime | None = None
        self._values: Values = {}
        self._flags: Flags = {}
        self._proved: list[Record] = []

    def number_of(self, day: date) -> int:
        """Return the number under which the freeze at the beginning of ``day`` is to be expected."""
        newer = max((n for n, known in self._days.items() if known >= day), default=0)
        if not newer:
            return 1
        older = min((n for n, known in self._days.items() if known < day), default=FREEZES_KEPT + 1)
        # So many numbers on if no freeze is missing between them, fewer if some are.
        return min(newer + (self._days[newer] - day).days, max(newer, older - 1))

    def told_time(self, number: int, taken_at: datetime | None) -> None:
        """Take the time of a freeze; None when the meter has no such freeze."""
        if self._taken_at is not None and (self._values or self._flags) and self._unmoved(number, taken_at):
            self._proved.append(
                Record(
                    taken_at=self._taken_at,
                    origin=Origin.DAILY_FREEZE,
                    values=self._values,
                    flags=self._flags,
                )
            )
        if number == 1:
            self._newest = taken_at
        self._note_day(number, taken_at)
        self._number, self._taken_at = number, taken_at
        self._values, self._flags = {}, {}

    def told_values(self, number: int, values: Values, flags: Flags) -> None:
        """Take values of the freeze whose time was told last; others have no date and are left."""
        if number == self._number and self._taken_at is not None:
            self._values |= values
            self._flags |= flags

    def take(self) -> tuple[Record, ...]:
        """Return the records that are proved and not yet given out."""
        records = tuple(self._proved)
        self._proved.clear()
        return records

    def _note_day(self, number: int, taken_at: datetime | None) -> None:
        """Remember which day a number is; what contradicts it is from before a midnight."""
        if taken_at is None:
            return
        day = taken_at.astimezone(self._zone).date()
        sound = all((n < number) == (known > day) for n, known in self._days.items() if n != number)
        if not sound or self._days.get(number, day) != day:
            self._days.clear()
        self._days[number] = day

    def _unmoved(self, number: int, taken_at: datetime | None) -> bool:
        if self._taken_at is None:
            return False
        if number == self._number + 1:
            return taken_at is None or taken_at < self._taken_at
        return taken_at is not None and (
            (number == self._number and taken_at == self._taken_at)
            or (number == 1 and taken_at == self._newest)
        )
