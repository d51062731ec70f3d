"""Judges a month and writes the power-quality report (电能质量月报) of each service point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError
from pipeline.rectification import Rectification
from reports.power_quality.figures import figures_document
from reports.power_quality.page import LANGUAGES
from reports.power_quality.subject import Comparison, Instrument, MonthlyReport
from reports.power_quality.write import Written, write_report
from services.persons import this_person
from services.quality import Complete, Files, JudgedPoint, as_it_is, judge_files, judge_stored, last_month
from services.recorded_events import recorded_events
from services.rectification import open_for_violations, rectifications_for_report
from services.report_seal import signing_key
from services.settings import load_settings
from services.wiring import utc_now
from storage.database import Connection, connect

STEPS = 3


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
    """Records taken at the one point that is judged: their events join the month's."""
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


def report_files(
    files: Files, wish: Wish, begin: Callable[[str], None] = lambda _step: None
) -> list[Reported]:
    """Judge what files hold; ``begin`` is called with the name of each of the ``STEPS`` steps.

    Raises:
        DataError: If a file cannot be understood, or holds nothing of the month.
        RegistryError: With every problem of the archive.
        ConfigError: If a wanted point is not in the archive, or a folder cannot be written.
    """
    now = utc_now()
    first = wish.month or last_month(now)
    points = judge_files(files, first, wish.points, begin=begin, now=now, complete=_completing(wish))
    begin("writing reports")
    named = [f"--readings {files.readings.name}", f"--registry {files.registry.name}"]
    return _report(points, wish, now, " ".join(named), lambda _point: ((), ()))


def report_stored(wish: Wish, begin: Callable[[str], None] = lambda _step: None) -> list[Reported]:
    """Judge what the database holds and keep the verdicts; the reports compare with earlier months.

    Raises:
        ConfigError: If a wanted point is not in the archive, or a folder cannot be written.
        DataError: If a rectification would be due before it begins.
        StorageError: If the database is away or refuses.
    """
    now, settings = utc_now(), load_settings()
    begin("judging")
    points = judge_stored(wish.month, wish.points, settings, now, _completing(wish))
    begin("writing reports")
    with connect(settings.require_database_url()) as connection:
        if wish.responsible:
            for point in points:
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
        return _report(points, wish, now, "", lambda point: _known(connection, point))


def _completing(wish: Wish) -> Complete:
    """Return what adds the recorded events to the month of the one point.

    Raises:
        ConfigError: If records are given for several points.
    """
    if not wish.waveforms:
        return as_it_is
    if wish.points is None or len(wish.points) != 1:
        raise ConfigError("a waveform was recorded at one point: name it with --point")
    return lambda month: replace(month, recorded_events=recorded_events(wish.waveforms, month.point))


_Known = tuple[Sequence[Comparison], Sequence[Rectification]]


def _report(
    points: Sequence[JudgedPoint],
    wish: Wish,
    now: datetime,
    source: str,
    known: Callable[[JudgedPoint], _Known],
) -> list[Reported]:
    key = signing_key(load_settings().report_key_file)
    found = []
    for point in points:
        place = point.month.point.service_point
        comparisons, under_way = known(point)
        query = f"kilowatch quality {source} --month {point.month.month:%Y-%m} --point {place} --json"
        report = MonthlyReport(
            month=point.month,
            judgements=point.judgements,
            made_at=now,
            issuer=wish.issuer,
            instrument=Instrument(serial=str(point.month.point.meter)),
            query=" ".join(query.split()),
            comparisons=comparisons,
            rectifications=under_way,
        )
        written = None
        if wish.out is not None:
            own = wish.out if len(points) == 1 else wish.out / _folder_name(place)
            written = write_report(report, own, languages=wish.languages, pdf=wish.pdf, key=key)
        found.append(Reported(point=point, document=figures_document(report), written=written))
    return found


def _known(connection: Connection, point: JudgedPoint) -> _Known:
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


def _folder_name(place: str) -> str:
    """Return an id as the name of a folder: what some file system does not take becomes a hyphen."""
    return "".join("-" if character in '/\\:*?"<>|' or character < " " else character for character in place)
