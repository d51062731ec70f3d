"""Tells people from time to time how much of its time each bus is used."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from collectors.scheduler import Scheduler

TELL_EVERY_S: Final = 900.0

_log = logging.getLogger("kilowatch.collect")


async def tell_use(scheduler: Scheduler) -> None:
    """Log how much of its time each bus is used, and how many meters are silent on it; never ends."""
    while True:
        await asyncio.sleep(TELL_EVERY_S)
        for told in scheduler.counters():
            if told.use is not None:
                _log.info(
                    "used %.0f %% of the time, %d meters silent",
                    100 * told.use,
                    told.silent,
                    extra={"bus": told.bus},
                )
