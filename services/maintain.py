"""Drops what is older than its retention, where the server does not do so by itself."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from services.settings import Settings, load_settings
from services.wiring import utc_now
from storage.database import connect
from storage.retention import apply_retention

_log = logging.getLogger("kilowatch.maintain")


def drop_old(settings: Settings | None = None, now: datetime | None = None) -> Mapping[str, int]:
    """Drop what is older than allowed; return how many chunks (TimescaleDB) or rows (plain) of each table.

    Tables without a retention, which is how every table of readings begins, are left alone.

    Raises:
        ConfigError: If no database is named.
        StorageError: If it is away or refuses.
    """
    with connect((settings or load_settings()).require_database_url()) as connection:
        dropped = apply_retention(connection, now or utc_now())
    _log.info("maintain.dropped %s", dict(dropped))
    return dropped
