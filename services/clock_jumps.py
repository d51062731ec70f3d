"""Tells when this host's clock is set while a service runs: every reading bears its time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

JUMP_S: Final = 5.0
"""More than a time service corrects within a second."""
LOOK_S: Final = 1.0

_log = logging.getLogger("kilowatch.clock")


class ClockWatch:
    """Holds the clock against one that nobody sets."""

    def __init__(self, now: Callable[[], datetime], monotonic_s: Callable[[], float]) -> None:
        """Watch ``now`` from here on."""
        self._now = now
        self._monotonic_s = monotonic_s
        self._apart_s = self._look()

    def jumped_s(self) -> float:
        """Return by how many seconds the clock was set since the last look, ahead is positive."""
        before, self._apart_s = self._apart_s, self._look()
        return self._apart_s - before

    def _look(self) -> float:
        return self._now().timestamp() - self._monotonic_s()


async def tell_clock_jumps(watch: ClockWatch, every_s: float = LOOK_S) -> None:
    """Log each jump, until cancelled."""
    while True:
        await asyncio.sleep(every_s)
        jumped_s = watch.jumped_s()
        if abs(jumped_s) >= JUMP_S:
            _log.warning(
                "clock.jumped: it was set by %+.1f s, or the host slept; readings bear the new time, and "
                "slots in between count as missing. Next step: let a time service keep the clock "
                "(timedatectl set-ntp true); 'kilowatch doctor' tells whether it agrees with the database's",
                jumped_s,
                extra={"seconds": round(jumped_s, 1)},
            )
