"""Rounds of a bus beside its reads: aligned to slots, spread over the buses, never made up for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zlib import crc32

from collectors.exchange import Clock
from collectors.scheduler import Sleep
from pipeline.timegrid import slot_start

SPREAD: Final = timedelta(minutes=5)
"""Buses begin a round within so much of one another: neither database nor shared radio sees a stampede."""
SPREAD_SHARE: Final = 0.5
"""The same as a share of the period."""
SLEEP_MOST_S: Final = 30.0
"""The wall clock may be stepped while we sleep; look at it at least this often."""

_log = logging.getLogger("kilowatch.rounds")


def next_round(after: datetime, every_s: int, bus: str) -> datetime:
    """Return the next instant at which this bus has its round; it lies equally far into each slot."""
    spread = min(SPREAD, SPREAD_SHARE * timedelta(seconds=every_s)) * (crc32(bus.encode()) / 2**32)
    return slot_start(after - spread, every_s) + timedelta(seconds=every_s) + spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """When one bus has its rounds of one kind.

    Those that passed while one was on its way, or while nobody collected, are not made up for: the next one
    brings what they would have brought.
    """

    what: str
    bus: str
    every_s: int
    is_ours: Callable[[], bool]
    now: Clock
    sleep: Sleep = asyncio.sleep
    """Replaced where time is simulated."""

    async def keep(self, go_round: Callable[[], Awaitable[None]]) -> None:
        """Go round at each of the bus's instants, while it is ours; never ends."""
        while True:
            due_at = next_round(self.now(), self.every_s, self.bus)
            while (pause_s := (due_at - self.now()).total_seconds()) > 0:
                await self.sleep(min(pause_s, SLEEP_MOST_S))
            if not self.is_ours():
                continue
            try:
                await go_round()
            except Exception:  # noqa: BLE001  # a faulty driver or database must not end the collector
                _log.exception("no %s in this round", self.what, extra={"bus": self.bus})
