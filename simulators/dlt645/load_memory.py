"""The load record memory (负荷记录) of a simulated meter: a ring of blocks, worked out when asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from protocols.dlt645.records import ALL_CLASSES, CLASSES, LoadBlock, encode_block, section_fields
from protocols.dlt645.values import bytes_to_instant, parse_format, time_to_bytes
from simulators.dlt645.clock import MeterClock
from simulators.dlt645.parameters import Parameters
from simulators.dlt645.replies import ErrorBit, Reply
from simulators.dlt645.values_shown import ValuesShown

MODE_WORD: Final = "04000901"
BEGIN: Final = "04000A01"
INTERVALS: Final = {number: f"04000A{number + 1:02X}" for number in CLASSES}
EARLIEST, FROM_TIME, LATEST = 0x00, 0x01, 0x02
CAPACITY_BLOCKS: Final = 62 * 96
"""62 days of quarters of an hour. [MEM]"""
_TIME: Final = parse_format("YYMMDDhhmm")


class LoadMemory:
    """Blocks of every class at its own interval; the oldest is overwritten when the ring is full."""

    __slots__ = ("_begins_at", "_capacity", "_clock", "_parameters", "_values")

    def __init__(
        self,
        values: ValuesShown,
        parameters: Parameters,
        clock: MeterClock,
        begins_at: datetime | None,
        capacity: int,
    ) -> None:
        """Store from ``begins_at`` (true time) on; never without one."""
        self._values, self._parameters, self._clock = values, parameters, clock
        self._begins_at = begins_at
        self._capacity = capacity

    def restart(self) -> None:
        """Forget everything: what is stored, or how often, was changed, or the meter was cleared."""
        if self._begins_at is not None:
            self._begins_at = self._clock.true_now()

    def answer(self, wire: bytes, arguments: bytes) -> Reply:
        """Return the blocks that a read asks for after its identifier; none when nothing matches.

        Args:
            wire: ``06 0k 00 0m`` DI0 first: class k (0: all), from the earliest, a given time, the latest.
            arguments: How many, and for a given time mm hh DD MM YY.
        """
        mode, zero, load_class = wire[0], wire[1], wire[2]
        known = zero == 0 and mode <= LATEST and load_class in (ALL_CLASSES, *CLASSES)
        if not known or self._begins_at is None:
            return ErrorBit.NO_SUCH_DATA
        if not arguments:
            return ErrorBit.OTHER
        classes = CLASSES if load_class == ALL_CLASSES else (load_class,)
        count = arguments[0]
        if mode == LATEST:
            slots = list(islice(self._backwards(classes), count))[::-1]
            blocks = [block for slot in slots if (block := self._block(slot, classes)) is not None]
        else:
            begin = self._oldest(classes)
            if mode == FROM_TIME:
                asked = bytes_to_instant(arguments[1:6], self._clock.zone)
                if asked is None:
                    return ErrorBit.NO_SUCH_DATA
                begin = max(begin, asked)
            blocks = list(islice(self._blocks(begin, classes), count))
        return b"".join(encode_block(block, load_class) for block in blocks)

    def _oldest(self, classes: tuple[int, ...]) -> datetime:
        """Return the meter's time from which on the ring still holds blocks."""
        now = self._clock.now()
        begins = self._begins_at if self._begins_at is not None else now
        oldest = max(begins + self._clock.offset_at(begins), now - self._capacity * self._step(classes))
        start = self._parameters.content(BEGIN)
        if not any(start):
            return oldest
        year = oldest.astimezone(self._clock.zone).year
        parsed = bytes_to_instant(start + bytes.fromhex(f"{year % 100:02d}"), self._clock.zone)
        return max(oldest, parsed) if parsed is not None else oldest

    def _blocks(self, begin: datetime, classes: tuple[int, ...]) -> Iterator[LoadBlock]:
        step, slot, now = self._step(classes), self._floor(begin, classes), self._clock.now()
        slot = slot if slot >= begin else slot + step
        while slot <= now:
            block = self._block(slot, classes)
            if block is not None:
                yield block
            slot += step

    def _backwards(self, classes: tuple[int, ...]) -> Iterator[datetime]:
        step, oldest = self._step(classes), self._oldest(classes)
        slot = self._floor(self._clock.now(), classes)
        while slot >= oldest:
            if self._due(slot, classes) and self._values.has_power(self._clock.true_at(slot)):
                yield slot
            slot -= step

    def _block(self, slot: datetime, classes: tuple[int, ...]) -> LoadBlock | None:
        """Return what was stored at a slot of the meter's clock; None when nothing was."""
        due = self._due(slot, classes)
        true = self._clock.true_at(slot)
        if not due or not self._values.has_power(true):
            return None
        stored_at = time_to_bytes(slot.astimezone(self._clock.zone), _TIME)
        sections: Mapping[int, bytes] = {
            number: self._values.section(number, section_fields(number), true) for number in due
        }
        return LoadBlock(stored_at=stored_at, sections=sections)

    def _due(self, slot: datetime, classes: tuple[int, ...]) -> list[int]:
        mode = self._parameters.word(MODE_WORD)
        local = slot.astimezone(self._clock.zone)
        minute = local.hour * 60 + local.minute
        return [
            number for number in classes if mode >> number - 1 & 1 and minute % self._minutes(number) == 0
        ]

    def _minutes(self, number: int) -> int:
        return max(self._parameters.number(INTERVALS[number]), 1)

    def _step(self, classes: tuple[int, ...]) -> timedelta:
        return timedelta(minutes=min(self._minutes(number) for number in classes))

    def _floor(self, at: datetime, classes: tuple[int, ...]) -> datetime:
        """Return the slot at or before a time: multiples of the step from local midnight on."""
        local = at.astimezone(self._clock.zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        return (midnight + (local - midnight) // self._step(classes) * self._step(classes)).astimezone(UTC)
