"""Drops what is too old and orders old rows, where the server does not do so by itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from services.settings import Settings, load_settings
from services.wiring import utc_now
from storage.asked_readings import drop_asked
from storage.database import connect
from storage.requests import drop_requests
from storage.retention import apply_retention
from storage.row_order import order_chunk, unordered_chunks

REQUESTS_KEPT: Final = timedelta(days=30)
"""What was wanted of buses and meters (read requests, readings asked for at pages), whatever came of it."""
ORDERING_S: Final = 3600.0
"""No chunk is begun after so long: the rest is for the next night."""

_log = logging.getLogger("kilowatch.maintain")


def drop_old(settings: Settings | None = None, now: datetime | None = None) -> Mapping[str, int]:
    """Drop what is older than allowed; return how many chunks (TimescaleDB) or rows (plain) of each table.

    Tables without a retention, which is how every table of readings begins, are left alone.

    Raises:
        ConfigError: If no database is named.
        StorageError: If it is away or refuses.
    """
    now = now or utc_now()
    with connect((settings or load_settings()).require_database_url()) as connection:
        dropped = {
            **apply_retention(connection, now),
            "read_request": drop_requests(connection, now - REQUESTS_KEPT),
            "asked_reading": drop_asked(connection, now - REQUESTS_KEPT),
        }
    _log.info("maintain.dropped %s", dict(dropped))
    return dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """What came of laying old rows by meter, in chunks."""

    done: int
    in_use: int
    left: int
    """For the next time."""


def order_old(settings: Settings | None = None, now: datetime | None = None) -> Ordered:
    """Lay the rows of old chunks meter by meter, for an hour at most, the newest chunks first.

    Raises:
        ConfigError: If no database is named.
        StorageError: If it is away or refuses, as when its disk has no room for a second copy of a chunk.
    """
    done = in_use = 0
    until_s = time.monotonic() + ORDERING_S
    with connect((settings or load_settings()).require_database_url()) as connection:
        chunks = unordered_chunks(connection, now or utc_now())
        for chunk in chunks:
            if time.monotonic() > until_s:
                break
            is_done = order_chunk(connection, chunk)
            done, in_use = done + is_done, in_use + (not is_done)
            facts = {"table": chunk.table, "until": chunk.ends_at.isoformat(), "done": is_done}
            _log.info("maintain.chunk", extra=facts)
    ordered = Ordered(done=done, in_use=in_use, left=len(chunks) - done - in_use)
    _log.info("maintain.ordered", extra=asdict(ordered))
    return ordered
