"""The load record memory (负荷记录) of a simulated meter: a ring of blocks, worked out when asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from math import gcd
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
MINUTES_A_DAY: Final = 1440
Plan = Sequence[tuple[int, int]]
"""Classes that are recorded, and every how many minutes."""
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
        plan = self._plan(CLASSES if load_class == ALL_CLASSES else (load_class,))
        blocks: Iterable[LoadBlock] = ()
        if plan and mode == LATEST:
            blocks = list(islice(self._backwards(plan), arguments[0]))[::-1]
        elif plan:
            begin = self._oldest(plan)
            if mode == FROM_TIME:
                asked = bytes_to_instant(arguments[1:6], self._clock.zone)
                if asked is None:
                    return ErrorBit.NO_SUCH_DATA
                begin = max(begin, asked)
            blocks = islice(self._forwards(begin, plan), arguments[0])
        return b"".join(encode_block(block, load_class) for block in blocks)

    def _plan(self, classes: tuple[int, ...]) -> Plan:
        """Return which of the classes are recorded, and every how many minutes."""
        mode = self._parameters.word(MODE_WORD)
        recorded = [number for number in classes if mode >> number - 1 & 1]
        return [(number, max(self._parameters.number(INTERVALS[number]), 1)) for number in recorded]

    def _oldest(self, plan: Plan) -> datetime:
        """Return the meter's time from which on the ring still holds blocks."""
        now = self._clock.now()
        begins = self._begins_at if self._begins_at is not None else now
        oldest = max(begins + self._clock.offset_at(begins), now - self._capacity * _step(plan))
        start = self._parameters.content(BEGIN)
        if not any(start):
            return oldest
        year = oldest.astimezone(self._clock.zone).year
        parsed = bytes_to_instant(start + bytes.fromhex(f"{year % 100:02d}"), self._clock.zone)
        return max(oldest, parsed) if parsed is not None else oldest

    def _forwards(self, begin: datetime, plan: Plan) -> Iterator[LoadBlock]:
        step, slot, now = _step(plan), self._floor(begin, plan), self._clock.now()
        slot = slot if slot >= begin else slot + step
        while slot <= now:
            block = self._block(slot, plan)
            if block is not None:
                yield block
            slot += step

    def _backwards(self, plan: Plan) -> Iterator[LoadBlock]:
        step, oldest = _step(plan), self._oldest(plan)
        slot = self._floor(self._clock.now(), plan)
        while slot >= oldest:
            block = self._block(slot, plan)
            if block is not None:
                yield block
            slot -= step

    def _block(self, slot: datetime, plan: Plan) -> LoadBlock | None:
        """Return what was stored at a slot of the meter's clock; None when nothing was."""
        local = slot.astimezone(self._clock.zone)
        minute = local.hour * 60 + local.minute
        due = [number for number, minutes in plan if minute % minutes == 0]
        true = self._clock.true_at(slot)
        if not due or not self._values.has_power(true):
            return None
        sections: Mapping[int, bytes] = {
            number: self._values.section(number, section_fields(number), true) for number in due
        }
        return LoadBlock(stored_at=time_to_bytes(local, _TIME), sections=sections)

    def _floor(self, at: datetime, plan: Plan) -> datetime:
        """Return the slot at or before a time: multiples of the step from local midnight on."""
        local = at.astimezone(self._clock.zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        return (midnight + (local - midnight) // _step(plan) * _step(plan)).astimezone(UTC)


def _step(plan: Plan) -> timedelta:
    """Return what divides every interval, and the day, so that midnight is always a slot."""
    return timedelta(minutes=gcd(MINUTES_A_DAY, *(minutes for _, minutes in plan)))
