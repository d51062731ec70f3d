"""Judges the power quality (电能质量) of service points' months, keeps the verdicts, opens episodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from analysis.power_quality.catalogue import judge_month
from analysis.power_quality.documents import judgement_document, judgement_of
from analysis.power_quality.judgement import WORST_FIRST, Compliance, Judgement, binds, overall
from analysis.power_quality.point_month import PointMonth
from detectors.engine import reconcile
from detectors.quality.month_violations import DETECTOR, MonthVerdicts, month_violations
from pipeline.errors import DataError
from pipeline.model import EVERYTHING, Episode, Scope
from pipeline.registry import DEFAULT_ZONE, Registry
from pipeline.timegrid import last_month
from services.quality_months import month_of, months_of_files, months_stored, records_of
from services.settings import Settings, load_settings
from services.wiring import primary_profiles, utc_now
from storage.database import Connection, connect
from storage.episodes import list_episodes, only_reconciler, save_episodes
from storage.quality_judgements import JudgedMonth, judged_months, save_judged_month
from storage.registry import load_registry
from storage.registry_files import read_registry
from storage.waveform_records import remove_waveform_records, save_waveform_record

HISTORY_MONTHS = 13
"""So far back verdicts are compared: a year, and the same month of the year before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPoint:
    """A service point's month and every verdict on it."""

    month: PointMonth
    judgements: Sequence[Judgement]

    @property
    def verdict(self) -> Compliance:
        """What all verdicts by binding standards come to."""
        return overall([judgement.verdict for judgement in self.judgements if binds(judgement)])

    @property
    def coverage(self) -> float:
        """The part of the month's readings that is there, 0 to 1."""
        expected = self.month.expected(self.month.period_s)
        return min(len(self.month.taken_at) / expected, 1.0) if expected else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where everything stands that is judged without a database."""

    readings: Path
    registry: Path
    events: Path | None = None
    parameters: Path | None = None
    waveforms: Sequence[Path] = ()
    """Records taken at the one point that is judged."""


def judge_files(
    files: Files,
    first: date,
    wanted: Sequence[str] | None = None,
    *,
    now: datetime | None = None,
) -> Iterator[JudgedPoint]:
    """Judge the month that begins with ``first`` of every service point, or of those wanted, out of files.

    Raises:
        DataError: If a file cannot be understood, or holds nothing of the month.
        RegistryError: With every problem of the archive.
        ConfigError: If a wanted point is not in the archive.
    """
    months = months_of_files(
        read_registry(files.registry),
        first,
        now or utc_now(),
        readings=files.readings,
        events=files.events,
        parameters=files.parameters,
        waveforms=files.waveforms,
        wanted=wanted,
        primary=primary_profiles(load_settings()),
    )
    found = False
    for month in months:
        found = True
        yield JudgedPoint(month=month, judgements=judge_month(month))
    if not found:
        raise DataError(
            f"{files.readings.name} holds no electrical value or spectrum of {first:%Y-%m} of a main meter "
            f"in {files.registry.name}: check --month, and the meters' ids in both files"
        )


def judge_stored(
    first: date | None = None,
    wanted: Sequence[str] | None = None,
    settings: Settings | None = None,
    now: datetime | None = None,
    waveforms: Sequence[Path] = (),
) -> Iterator[JudgedPoint]:
    """Judge a month of every service point, or of those wanted; keep the verdicts and open episodes.

    Points come one by one, each when its verdicts are kept: a utility's months fill no memory together.
    Without ``first`` it is the last month that is over. The same data give the same verdicts; a month that is
    judged again takes the place of what was there, and an episode that it does not bear out is withdrawn.
    ``waveforms`` are records taken at the one wanted point: what they tell is kept for every later judgement.

    Raises:
        ConfigError: If a wanted point is not in the archive, or waveforms are given for several points.
        DataError: If a waveform cannot be read, does not say when it began, or is of another month.
        StorageError: If the database is away or refuses.
    """
    settings, now = settings or load_settings(), now or utc_now()
    first = (first or last_month(now, DEFAULT_ZONE)).replace(day=1)
    with connect(settings.require_database_url()) as connection:
        archive = load_registry(connection)
        for record in records_of(waveforms, archive, first, wanted):
            save_waveform_record(connection, record)
        for month in months_stored(
            connection,
            archive,
            first,
            now,
            scope=EVERYTHING,
            wanted=wanted,
            primary=primary_profiles(settings),
        ):
            place = month.point.service_point
            history = _history(connection, archive, place, first, now)
            earlier = {one.month: one.judgements for one in history if one.month < month.month}
            known = replace(month, earlier=earlier)
            point = JudgedPoint(month=known, judgements=judge_month(known))
            save_judged_month(connection, _documents(point))
            others = [one for one in history if one.month != month.month]
            run = sorted([*others, _verdicts(point)], key=lambda one: one.month)
            with only_reconciler(connection):
                save_episodes(connection, _episodes(connection, place, run))
            yield point


def verdicts_before(
    connection: Connection, service_point: str, first: date, *, scope: Scope
) -> dict[date, list[Judgement]]:
    """Return what was judged of a point in the year before a month, by month.

    Raises:
        StorageError: If the database is away or refuses.
    """
    stored = judged_months(
        connection,
        scope=scope,
        first=_months_before(first, HISTORY_MONTHS),
        last=first - timedelta(days=1),
        service_points=[service_point],
    )
    return {judged.month: [judgement_of(each) for each in judged.documents] for judged in stored}


def forget_waveform(service_point: str, name: str, settings: Settings | None = None) -> int:
    """Take what a record told of a point away, by its file's name; return how many records there were.

    Raises:
        StorageError: If the database is away or refuses.
    """
    settings = settings or load_settings()
    with connect(settings.require_database_url()) as connection:
        return remove_waveform_records(connection, service_point, name)


def row_of(point: JudgedPoint) -> dict[str, object]:
    """Return a point as a line for people."""
    return {
        "service point": point.month.point.service_point,
        "month": f"{point.month.month:%Y-%m}",
        "verdict": point.verdict.value,
        **{each.value: sum(j.verdict is each for j in point.judgements) for each in WORST_FIRST[:-1]},
        "coverage": f"{point.coverage:.1%}",
    }


def worst_first(rows: Iterable[dict[str, object]]) -> list[dict[str, object]]:
    """Return such lines in the order in which somebody should look at them."""
    order = {verdict.value: place for place, verdict in enumerate(WORST_FIRST)}
    return sorted(rows, key=lambda row: (order[str(row["verdict"])], str(row["service point"])))


def _history(
    connection: Connection, archive: Registry, place: str, first: date, now: datetime
) -> list[MonthVerdicts]:
    """Return what was judged of a point since a year before ``first``, oldest first."""
    stored = judged_months(
        connection,
        scope=EVERYTHING,
        first=_months_before(first, HISTORY_MONTHS),
        last=now.date(),
        service_points=[place],
    )
    return [
        MonthVerdicts(
            month=judged.month,
            starts_at=span.starts_at,
            ends_at=span.due_until,
            meter=judged.meter,
            judgements=[judgement_of(document) for document in judged.documents],
        )
        for judged in stored
        for span in [month_of(archive, place, judged.month, now)]
    ]


def _verdicts(point: JudgedPoint) -> MonthVerdicts:
    month = point.month
    return MonthVerdicts(
        month=month.month,
        starts_at=month.starts_at,
        ends_at=month.ends_at,
        meter=month.point.meter,
        judgements=point.judgements,
    )


def _documents(point: JudgedPoint) -> JudgedMonth:
    return JudgedMonth(
        service_point=point.month.point.service_point,
        month=point.month.month,
        meter=point.month.point.meter,
        documents=[judgement_document(judgement) for judgement in point.judgements],
    )


def _episodes(connection: Connection, place: str, history: Sequence[MonthVerdicts]) -> list[Episode]:
    """Return the episodes of a point's last year, worked out anew and reconciled with the known ones."""
    examined = history[0].starts_at, history[-1].ends_at
    meters = sorted({month.meter for month in history})
    known = [
        stored.episode
        for stored in list_episodes(
            connection, scope=EVERYTHING, detector=DETECTOR, meters=meters, overlaps=examined
        )
        if place in {stored.episode.service_point, stored.episode.meter}
    ]
    return reconcile(month_violations(place, history), known, examined=examined)


def _months_before(first: date, months: int) -> date:
    number = 12 * first.year + first.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)
