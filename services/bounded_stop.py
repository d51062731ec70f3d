"""Ends a process that was told to stop and cannot: a database that hangs must not hold it up for ever."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from functools import partial
from typing import Final

STOP_S: Final = 30.0
"""Longer than a commit and the last exchange take; shorter than service managers wait before they kill."""
CUT_SHORT: Final = 1
"""The exit status then."""

_log = logging.getLogger("kilowatch.stop")


def stop_by(seconds: float = STOP_S, leave: Callable[[int], None] = os._exit) -> threading.Timer:
    """Leave the process in so many seconds at the latest, unless the returned timer is cancelled.

    Nothing is lost by it: what the database has not confirmed is in the spool, or not acknowledged.
    """
    timer = threading.Timer(seconds, partial(_leave, seconds, leave))
    timer.daemon = True
    timer.start()
    return timer


def _leave(seconds: float, leave: Callable[[int], None]) -> None:
    _log.error(
        "stop.cut_short: something has not let go for %g s, most likely the database; what it has not "
        "confirmed is in the spool",
        seconds,
    )
    logging.shutdown()
    leave(CUT_SHORT)
