"""Drops what is older than its retention, where the server does not do so by itself."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from services.settings import Settings, load_settings
from services.wiring import utc_now
from storage.asked_readings import drop_asked
from storage.database import connect
from storage.requests import drop_requests
from storage.retention import apply_retention

REQUESTS_KEPT: Final = timedelta(days=30)
"""What was wanted of buses and meters (read requests, readings asked for at pages), whatever came of it."""

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
