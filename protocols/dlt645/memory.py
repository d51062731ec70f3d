"""What a meter remembers, as records: load records, and freezes whose time and values are asked apart."""

from __future__ import annotations

from datetime import datetime

from pipeline.model import Origin
from protocols.dlt645.decoding import Decoder, Flags, Values
from protocols.dlt645.records import decode_blocks, section_fields
from protocols.dlt645.values import bytes_to_instant
from protocols.session import Record


def load_records(payload: bytes, load_class: int, decoder: Decoder) -> tuple[Record, ...]:
    """Return the records in a load record answer; blocks marked invalid or without a time give none.

    Raises:
        DecodeError: If the blocks cannot be told apart.
    """
    records: list[Record] = []
    for block in decode_blocks(payload, load_class):
        taken_at = bytes_to_instant(block.stored_at, decoder.zone)
        if not block.is_valid or taken_at is None:
            continue
        values: Values = {}
        flags: Flags = {}
        for section, raw in block.sections.items():
            found, odd = decoder.read(decoder.slots(section_fields(section)), raw)
            values |= found
            flags |= odd
        records.append(Record(taken_at=taken_at, origin=Origin.LOAD_RECORD, values=values, flags=flags))
    return tuple(records)


class FreezePairing:
    """Joins a freeze's values to its time.

    A freeze is asked by its number, counted back from the newest, and its time is another question. At
    midnight every freeze moves to the next higher number; values asked just after would get the wrong date.
    So a record is given out only when the next time answer proves that nothing moved: the same number still
    has the same time, or the following number has an older one or none.
    """

    def __init__(self) -> None:
        """Start with nothing known."""
        self._number = 0
        self._taken_at: datetime | None = None
        self._values: Values = {}
        self._flags: Flags = {}
        self._proved: list[Record] = []

    def told_time(self, number: int, taken_at: datetime | None) -> None:
        """Take the time of a freeze; None when the meter has no such freeze."""
        if self._taken_at is not None and (self._values or self._flags):
            unmoved = (number == self._number and taken_at == self._taken_at) or (
                number == self._number + 1 and (taken_at is None or taken_at < self._taken_at)
            )
            if unmoved:
                self._proved.append(
                    Record(
                        taken_at=self._taken_at,
                        origin=Origin.DAILY_FREEZE,
                        values=self._values,
                        flags=self._flags,
                    )
                )
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
