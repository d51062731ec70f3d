"""When a bus is worth a backfill (补抄): four times in the night, and as soon as a meter is back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Final
from zlib import crc32
from zoneinfo import ZoneInfo

from collectors.exchange import Clock
from collectors.targets import MeterRead
from pipeline.coverage import Cause
from pipeline.model import MeterId

TIMES: Final = (time(0, 30), time(1), time(2), time(6))
"""Local times. After midnight the day's freeze is there; what fails is tried again before people come."""
SPREAD: Final = timedelta(minutes=5)
"""Buses begin within so much of one another: the database and a shared radio link see no stampede."""
BACK_AFTER: Final = 3
"""Slots in a row without a value, after which a meter that answers is back; one without a line is enough."""
LOOK_S: Final = 1.0


def next_time(after: datetime, zone: ZoneInfo, bus: str) -> datetime:
    """Return the next time at which this bus is backfilled; for one bus always the same time of day."""
    local = after.astimezone(zone)
    days = (local.date(), local.date() + timedelta(days=1))
    planned = [datetime.combine(day, at, zone) + _spread(bus) for day in days for at in TIMES]
    return next(at for at in planned if at > after).astimezone(after.tzinfo)


def _spread(bus: str) -> timedelta:
    return SPREAD * (crc32(bus.encode()) / 2**32)


class Occasions:
    """Watches what one bus brings, and wakes its backfill."""

    def __init__(self, bus: str, zone: ZoneInfo, now: Clock) -> None:
        """Watch nothing yet."""
        self._bus = bus
        self._zone = zone
        self._now = now
        self._missed: Counter[MeterId] = Counter()
        self._back = False

    def note(self, read: MeterRead) -> None:
        """Take what became of one scheduled read."""
        if read.slot_at is None:
            return
        if read.snapshot is None:
            self._missed[read.meter] += BACK_AFTER if read.cause is Cause.LINK else 1
            return
        self._back |= self._missed.pop(read.meter, 0) >= BACK_AFTER

    async def next(self, is_ours: Callable[[], bool]) -> str:
        """Wait for the next occasion and name it; a bus that another process owns has none but its return."""
        due_at = next_time(self._now(), self._zone, self._bus)
        was_ours = is_ours()
        while True:
            await asyncio.sleep(LOOK_S)
            ours = is_ours()
            if ours and not was_ours:
                return "taken over"
            was_ours = ours
            if ours and self._back:
                self._back = False
                return "a meter is back"
            if self._now() >= due_at:
                if ours:
                    return "the time of day"
                due_at = next_time(self._now(), self._zone, self._bus)
