"""Puts an area's quality report (台区电能质量月报) of a month together out of its points' stored verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from analysis.power_quality.area_voltage import area_voltage, point_voltage
from analysis.power_quality.documents import judgement_of
from pipeline.model import Scope
from pipeline.registry import DEFAULT_ZONE
from reports.power_quality.area import AreaReport
from storage.area_quality import area_months, area_named, area_points
from storage.database import Connection
from storage.quality_judgements import judged_months


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaAsked:
    """The report of the month that was asked for, and the months that there are, the newest first."""

    report: AreaReport
    months: list[date]


def area_report(
    connection: Connection, area: str, month: date | None, now: datetime, *, scope: Scope
) -> AreaAsked | None:
    """Return the report of an area, of its newest judged month where none is named.

    None where the caller's areas hold no such one, or no verdict on the month is stored.

    Raises:
        StorageError: If the database is away or refuses.
    """
    known = area_named(connection, area, scope=scope)
    months = [] if known is None else area_months(connection, area, scope=scope)
    wanted = month or next(iter(months), None)
    if known is None or wanted is None or wanted not in months:
        return None
    name, zone = known
    names = area_points(connection, area, scope=scope)
    stored = judged_months(connection, scope=scope, first=wanted, last=wanted, service_points=list(names))
    judged = {each.service_point: each for each in stored}
    points = [
        point_voltage(point, names[point], each.meter, list(map(judgement_of, each.documents)))
        for point, each in judged.items()
    ]
    report = AreaReport(
        area=area,
        name=name or area,
        zone=ZoneInfo(zone) if zone else DEFAULT_ZONE,
        month=wanted,
        made_at=now,
        voltage=area_voltage([point for point in points if point is not None]),
        not_judged=[point for point in names if point not in judged],
    )
    return AreaAsked(report=report, months=months)
