"""Judges a month and writes the power-quality report (电能质量月报) of each service point."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

from pipeline.rectification import Rectification
from pipeline.registry import DEFAULT_ZONE
from pipeline.timegrid import last_month
from reports.folders import folder_name
from reports.power_quality.figures import figures_document
from reports.power_quality.page import LANGUAGES
from reports.power_quality.subject import Comparison, MonthlyReport
from reports.power_quality.write import Written, write_report
from services.persons import this_person
from services.quality import Files, JudgedPoint, judge_files, judge_stored
from services.rectification import open_for_violations, rectifications_for_report
from services.report_seal import signing_key
from services.settings import load_settings
from services.wiring import utc_now
from storage.database import Connection, connect


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is wanted of a run."""

    month: date | None = None
    """Its first day; the last month that is over when None."""
    points: Sequence[str] | None = None
    """Service points; all when None."""
    out: Path | None = None
    """Where reports go: one point's into this folder, several into a folder each; None writes none."""
    languages: Sequence[str] = LANGUAGES
    pdf: bool = True
    waveforms: Sequence[Path] = ()
    """Records taken at the one point that is judged: what they tell joins its months."""
    issuer: str = ""
    responsible: str = ""
    """Who has to put violations right; where somebody is named, a rectification is opened of each."""
    due_days: int = 90
    """When that is due, from today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One point's month: its verdicts, what ``report.json`` holds, and what was written."""

    point: JudgedPoint
    document: dict[str, Any]  # Any: JSON of several depths
    written: Written | None


def report_files(files: Files, wish: Wish) -> Iterator[Reported]:
    """Judge what files hold, and report it point by point.

    Raises:
        DataError: If a file cannot be understood, or holds nothing of the month.
        RegistryError: With every problem of the archive.
        ConfigError: If a wanted point is not in the archive, or a folder cannot be written.
    """
    now = utc_now()
    make = _reporter(wish, now, f"--readings {files.readings.name} --registry {files.registry.name} ")
    first = wish.month or last_month(now, DEFAULT_ZONE)
    judged = judge_files(replace(files, waveforms=wish.waveforms), first, wish.points, now=now)
    for point, folder in _placed(judged, wish.out):
        yield make(point, folder, ((), ()))


def report_stored(wish: Wish) -> Iterator[Reported]:
    """Judge what the database holds, keep the verdicts, and report them beside those of earlier months.

    Raises:
        ConfigError: If a wanted point is not in the archive, or a folder cannot be written.
        DataError: If a rectification would be due before it begins.
        StorageError: If the database is away or refuses.
    """
    now, settings = utc_now(), load_settings()
    make = _reporter(wish, now, "")
    with connect(settings.require_database_url()) as connection:
        judged = judge_stored(wish.month, wish.points, settings, now, wish.waveforms)
        for point, folder in _placed(judged, wish.out):
            if wish.responsible:
                open_for_violations(
                    connection,
                    point.month.point.service_point,
                    point.month.month,
                    point.judgements,
                    responsible=wish.responsible,
                    due=now.date() + timedelta(days=wish.due_days),
                    person=this_person(),
                    now=now,
                )
            yield make(point, folder, known_beside(connection, point))


Beside: TypeAlias = tuple[Sequence[Comparison], Sequence[Rectification]]
"""What stands beside a month's own verdicts: other months, and what is being put right."""


def _placed(points: Iterator[JudgedPoint], out: Path | None) -> Iterator[tuple[JudgedPoint, Path | None]]:
    """Yield each point with its report's folder: the one that is wanted, or one in it for several points."""
    first, second = next(points, None), next(points, None)
    for point in filter(None, chain([first, second], points)):
        is_alone = second is None
        yield point, out if out is None or is_alone else out / folder_name(point.month.point.service_point)


def _reporter(
    wish: Wish, now: datetime, source: str
) -> Callable[[JudgedPoint, Path | None, Beside], Reported]:
    """Return what reports a point; ``source`` is how the command names where its readings come from."""
    key = signing_key(load_settings().report_key_file)

    def report(point: JudgedPoint, folder: Path | None, known: Beside) -> Reported:
        told = monthly_report(point, now, known, issuer=wish.issuer, source=source)
        written = None
        if folder is not None:
            written = write_report(told, folder, languages=wish.languages, pdf=wish.pdf, key=key)
        return Reported(point=point, document=figures_document(told), written=written)

    return report


def monthly_report(
    point: JudgedPoint, now: datetime, beside: Beside, *, issuer: str = "", source: str = ""
) -> MonthlyReport:
    """Return what a report says; ``source`` is how the command names where its readings come from."""
    place, month = point.month.point.service_point, point.month.month
    comparisons, rectifications = beside
    return MonthlyReport(
        month=point.month,
        judgements=point.judgements,
        made_at=now,
        issuer=issuer,
        query=f"kilowatch quality {source}--month {month:%Y-%m} --point {place} --json",
        comparisons=comparisons,
        rectifications=rectifications,
    )


def known_beside(connection: Connection, point: JudgedPoint) -> Beside:
    """Return the month before, the month a year ago, and rectifications under way or closed in the month."""
    month = point.month.month
    year_ago = month.replace(year=month.year - 1)
    before = (month - timedelta(days=1)).replace(day=1)
    comparisons = [
        Comparison(month=f"{other:%Y-%m}", judgements=point.month.earlier[other])
        for other in (before, year_ago)
        if other in point.month.earlier
    ]
    place = point.month.point.service_point
    return comparisons, rectifications_for_report(connection, place, point.month.starts_at)
