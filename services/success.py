"""How well the fleet was read (抄表成功率), and what is missing and why (漏抄), out of the database."""

from __future__ import annotations

from datetime import timedelta

from pipeline.model import EVERYTHING
from services.settings import load_settings
from services.wiring import utc_now
from storage.coverage import CoverageBy, CoverageShare, coverage_summary
from storage.database import connect
from storage.worklist import MissingCause, missing_causes_by


def success_rates(by: CoverageBy, days: float) -> list[CoverageShare]:
    """Return the success rates of the last ``days``.

    Raises:
        ConfigError: If no database is named.
        StorageError: If it is away.
    """
    now = utc_now()
    with connect(load_settings().require_database_url()) as connection:
        since = now - timedelta(days=days)
        return coverage_summary(connection, by, scope=EVERYTHING, starts_at=since, ends_at=now)


def worklist(by: CoverageBy, days: float) -> list[MissingCause]:
    """Return what is missing of the last ``days``, the most first.

    Raises:
        ConfigError: If no database is named.
        StorageError: If it is away.
    """
    now = utc_now()
    with connect(load_settings().require_database_url()) as connection:
        since = now - timedelta(days=days)
        return missing_causes_by(connection, by, scope=EVERYTHING, starts_at=since, ends_at=now)
