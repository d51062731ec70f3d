"""Makes one point's power-quality report of a month when somebody asks for it; nothing of it is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from analysis.power_quality.catalogue import judge_month
from pipeline.model import Scope
from pipeline.registry import Installation, Registry
from reports.power_quality.subject import MonthlyReport
from services.quality import JudgedPoint, verdicts_before
from services.quality_months import months_stored
from services.quality_report import known_beside, monthly_report
from services.settings import load_settings
from services.wiring import primary_profiles
from storage.database import Connection
from storage.registry import load_registry

_EVER = datetime.min.replace(tzinfo=UTC)


def report_asked(
    connection: Connection, name: str, first: date, now: datetime, *, scope: Scope
) -> MonthlyReport | None:
    """Return the report of the month that begins with ``first``, of a service point or of a meter's point.

    One month of one point is read, and the verdicts of the year before, so the time it takes is bounded. None
    where the archive has no such point within the caller's areas, or no meter hung there in the month.

    Raises:
        StorageError: If the database is away or refuses.
    """
    archive = load_registry(connection)
    place = point_asked(archive, name)
    if place is None or not _is_within(archive, place, scope):
        return None
    primary = primary_profiles(load_settings())
    found = months_stored(connection, archive, first, now, scope=scope, wanted=[place], primary=primary)
    month = next(found, None)
    if month is None:
        return None
    known = replace(month, earlier=verdicts_before(connection, place, first, scope=scope))
    point = JudgedPoint(month=known, judgements=judge_month(known))
    return monthly_report(point, now, known_beside(connection, point))


def point_asked(archive: Registry, name: str) -> str | None:
    """Return the service point that a name means: its own, that of a meter, or a meter that stands alone."""
    if name in archive.service_point_by_id:
        return name
    if name not in archive.meter_by_id:
        return None
    stays = [stay for stay in archive.installations if stay.meter == name and stay.service_point is not None]
    # Who names a meter means where it hangs, or hung last.
    return max(stays, key=_began).service_point if stays else name


def _began(stay: Installation) -> datetime:
    return stay.starts_at or _EVER


def _is_within(archive: Registry, place: str, scope: Scope) -> bool:
    """Tell whether the caller may see a point; a meter that stands alone is of no area."""
    point = archive.service_point_by_id.get(place)
    return scope.areas is None or (point is not None and point.area in scope.areas)
