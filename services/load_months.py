"""Works out the load statistics of a month of everything in the archive, and keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from analysis.load.documents import load_document
from analysis.load.summary import LoadSummary, SubjectKind
from pipeline.registry import DEFAULT_ZONE
from pipeline.timegrid import slot_start
from services.derive import MINUTES
from services.load import load_stored, month_span
from services.load_output import Row, row_of
from services.settings import Settings, load_settings
from services.wiring import utc_now
from storage.database import Connection, connect
from storage.load_months import (
    LoadMonth,
    drop_months_before,
    save_load_months,
    server_time,
    shapes_of_month,
)
from storage.retention import retention

AT_ONCE = 200
"""Months saved in one transaction."""
AGAIN_UNTIL = 7
"""Day of a month up to which the month before is stored again."""
SHOWN = 50
PEOPLES_KINDS = (SubjectKind.SERVICE_POINT, SubjectKind.AREA, SubjectKind.TOTAL, SubjectKind.CATEGORY)
"""What is listed for people; meters are stored like all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMonth:
    """What storing a month came to."""

    subjects: int
    """Of how many there are statistics."""
    highest: Sequence[Row]
    """Those that drew most, for people: a line a service point, area, group or category."""


def keep_load_months(
    first: date | None = None, settings: Settings | None = None, now: datetime | None = None
) -> KeptMonth:
    """Store the statistics of the month that a day lies in, up to now; by default yesterday's.

    By default the month before is stored once more in the first days of a month: what was backfilled or
    edited since changes it. A load keeps its class of load shape of the month before as long as no other
    fits clearly better. Subjects that the month no longer has, such as an area that was dissolved, are
    taken out.

    Raises:
        StorageError: If the database is away or refuses.
    """
    settings = settings or load_settings()
    until = slot_start(now or utc_now(), MINUTES * 60)
    months = months_kept(until.astimezone(DEFAULT_ZONE).date()) if first is None else [first.replace(day=1)]
    return [_kept(month, until, settings) for month in months][-1]


def months_kept(today: date) -> list[date]:
    """Return the months to store on a day: yesterday's, and the month before it up to the 7th."""
    running = (today - timedelta(days=1)).replace(day=1)
    again = (running - timedelta(days=1)).replace(day=1)
    return [again, running] if running.month == today.month and today.day <= AGAIN_UNTIL else [running]


def highest_of(found: Iterable[LoadSummary]) -> list[LoadSummary]:
    """Return the service points, areas, groups and categories that drew most, the highest first."""
    listed = [summary for summary in found if summary.kind in PEOPLES_KINDS and summary.demand.block]
    return sorted(listed, key=lambda s: -(s.demand.block.kw if s.demand.block else 0.0))[:SHOWN]


def _kept(month: date, until: datetime, settings: Settings) -> KeptMonth:
    """Store the statistics of a month up to an instant, some hundred subjects at a time."""
    subjects, highest = 0, list[LoadSummary]()
    with connect(settings.require_database_url()) as connection:
        began = server_time(connection)
        before = shapes_of_month(connection, (month - timedelta(days=1)).replace(day=1))
        for some in _batches(load_stored(month_span(month, until), settings, until, before)):
            save_load_months(connection, [_month(month, summary) for summary in some])
            subjects += len(some)
            highest = highest_of([*highest, *some])
        if subjects and _slots_are_kept(connection, month, until):
            drop_months_before(connection, month, began)
    return KeptMonth(subjects=subjects, highest=[row_of(summary) for summary in highest])


def _slots_are_kept(connection: Connection, month: date, until: datetime) -> bool:
    """Tell whether no slot of a month has been dropped: who is not found then is gone."""
    keep = retention(connection)["interval"]
    return keep is None or month_span(month)(DEFAULT_ZONE)[0] >= until - keep + timedelta(days=1)


def _month(month: date, summary: LoadSummary) -> LoadMonth:
    peak = summary.demand.block
    return LoadMonth(
        kind=summary.kind.value,
        subject=summary.name,
        month=month,
        coverage=summary.curve.coverage,
        energy_kwh=summary.curve.energy_kwh,
        max_kw=None if peak is None else peak.kw,
        max_at=None if peak is None else peak.at,
        load_factor=summary.curve.load_factor,
        detail=load_document(summary),
    )


def _batches(found: Iterator[LoadSummary]) -> Iterator[list[LoadSummary]]:
    some: list[LoadSummary] = []
    for summary in found:
        some.append(summary)
        if len(some) == AT_ONCE:
            yield some
            some = []
    if some:
        yield some
