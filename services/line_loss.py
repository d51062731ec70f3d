"""The line loss of areas and feeders (台区、线路线损) out of files or the database, for command and flow."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from analysis.area_losses import area_losses
from analysis.line_loss import AreaDay, AreaLoss
from analysis.loss_months import AreaMonth, area_months
from analysis.loss_problems import LossProblem, impossible_slots, loss_problems
from detectors import engine
from detectors.register_days import register_flows_kwh
from detectors.wanted import cannot_run, wanted
from pipeline.archive_records import AreaMember
from pipeline.block import MeterMatrix
from pipeline.daily_reduction import with_daily_rows
from pipeline.errors import ConfigError, DataError
from pipeline.model import EVERYTHING, Episode, Verdict
from pipeline.registry import DEFAULT_ZONE, Registry
from pipeline.timegrid import from_numpy, local_day, slot_start
from services.derive import MINUTES
from services.detect import window_of
from services.detect_files import intervals_of
from services.line_loss_hints import HINT_WEIGHTS, hints_of
from services.settings import Settings, load_settings
from services.wiring import primary_profiles, utc_now
from storage.area_losses import save_area_losses
from storage.database import connect
from storage.episodes import list_episodes
from storage.files import file_matrix, read_intervals, read_readings
from storage.intervals import IntervalColumns
from storage.registry import load_registry
from storage.registry_files import read_registry

STEPS = 4
SHOWN_DAYS = 31
"""Shown of what is stored where nobody asks for other days."""
DAYS_BEFORE = 59
"""Looked at before them: a month to compare with, and four weeks that tell what was usual then."""
METERS_AT_A_TIME = 500
BALANCE = "area_balance"
"""The detector whose columns are what a balance needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossQuestion:
    """Which days of which areas are asked for."""

    first: date | None = None
    end: date | None = None
    """Exclusive."""
    areas: tuple[str, ...] = ()
    """None named: all that have members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaReport:
    """What is said of one area."""

    area: str
    name: str
    minutes: int
    """Length of a slot."""
    days: Sequence[AreaDay] = ()
    """Those asked for; none where there is no balance at all."""
    months: Sequence[AreaMonth] = ()
    """Of the same days."""
    loss: AreaLoss | None = None
    """With all days that were looked at."""
    problems: Sequence[LossProblem] = ()
    meters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Of the area's service points: what must be read where one is missing."""


def loss_files(
    *,
    registry: Path,
    intervals: Path | None = None,
    readings: Path | None = None,
    asked: LossQuestion | None = None,
    begin: Callable[[str], None] = lambda _step: None,
) -> list[AreaReport]:
    """Return the line loss that intervals in a file show; readings add registers at midnight and voltages.

    Where no intervals are given they are derived from the registers among the readings.

    Raises:
        DataError: If a file cannot be understood (names row and column), or knows none of the meters.
        RegistryError: With every problem of the archive.
        ConfigError: If an area is asked for that the archive does not have, or has no members.
    """
    question = asked or LossQuestion()
    begin("reading the archive")
    archive = read_registry(registry)
    some = _archive_of(archive, _areas(archive, question))
    begin("reading intervals")
    needs = wanted([BALANCE, *HINT_WEIGHTS])
    primary = primary_profiles(load_settings())
    block = None if readings is None else read_readings(readings)
    energies = None if intervals is None else read_intervals(intervals)
    if energies is None and block is not None:
        energies = intervals_of(block, some, primary)
    _refuse_strangers(energies, some)
    window = file_matrix(
        some,
        block,
        energies,
        registers=list(dict.fromkeys((*needs.registers, *needs.day_registers))),
        energies=needs.energies,
        primary_profiles=primary,
    )
    window = _until(window, question.end, _zone(some))
    begin("looking for other findings")
    window = with_daily_rows(_without_impossible(window), some)
    cannot = {found.detector for found in cannot_run(window)}
    able = [name for name in HINT_WEIGHTS if name not in cannot]
    episodes = engine.run(window, some, only=able, threads=load_settings().detect_threads) if able else []
    begin("working out the loss")
    return list(_reports(window, some, episodes, question))


def loss_stored(
    asked: LossQuestion | None = None, settings: Settings | None = None, now: datetime | None = None
) -> list[AreaReport]:
    """Return the line loss of what is stored, joined with the episodes that are known.

    Raises:
        ConfigError: If an area is asked for that the archive does not have, or has no members.
        StorageError: If the database is away or refuses.
    """
    settings, now = settings or load_settings(), now or utc_now()
    with connect(settings.require_database_url()) as connection:
        archive = load_registry(connection)
        question = _dated(asked or LossQuestion(), _zone(archive), now)
        reports: list[AreaReport] = []
        for some in _batches(archive, _areas(archive, question)):
            span = _span(question, _zone(some), now)
            window = window_of(connection, some, span, wanted([BALANCE]), primary_profiles(settings))
            # Daily rows are made anew: impossible energies are in none of them.
            registers = {} if window.daily is None else window.daily.registers
            window = with_daily_rows(_without_impossible(replace(window, daily=None)), some)
            if window.daily is not None:
                window = replace(window, daily=replace(window.daily, registers=registers))
            stored = list_episodes(
                connection,
                scope=EVERYTHING,
                service_points=sorted({member.service_point for member in some.area_members}),
                verdict=Verdict.ABNORMAL,
                overlaps=span,
            )
            reports += _reports(window, some, [known.episode for known in stored], question)
    return reports


def loss_recent(
    days: int = 3, settings: Settings | None = None, now: datetime | None = None
) -> list[AreaReport]:
    """Work out the line loss of the last whole days of every area, keep it, and return it.

    Raises:
        StorageError: If the database is away or refuses.
    """
    settings, now = settings or load_settings(), now or utc_now()
    with connect(settings.require_database_url()) as connection:
        archive = load_registry(connection)
    if not archive.area_members:
        return []
    today = now.astimezone(_zone(archive)).date()
    reports = loss_stored(LossQuestion(first=today - timedelta(days=days), end=today), settings, now)
    with connect(settings.require_database_url()) as connection:
        save_area_losses(connection, {r.area: (r.loss, r.days) for r in reports if r.loss is not None})
    return reports


def _refuse_strangers(energies: IntervalColumns | None, archive: Registry) -> None:
    """Raise where files have no energy of any meter that counts."""
    given = dict.fromkeys(() if energies is None else map(str, energies.meters))
    known = {str(meter.id) for meter in archive.meters}
    if known and known.isdisjoint(given):
        raise DataError(
            "no meter of these areas has intervals, or registers to derive them from: the files "
            f"know {_listed(given) or 'no meter'}; the archive {_listed(sorted(known))}"
        )


def _areas(archive: Registry, question: LossQuestion) -> list[str]:
    """Return the areas to look at."""
    with_members = dict.fromkeys(member.area for member in archive.area_members)
    if not with_members:
        raise ConfigError(
            "the archive does not say which service points belong to which area: file [[area_member]] "
            'entries, one with role = "supply" for the supply meter and one for each member behind it'
        )
    unknown = [area for area in question.areas if area not in archive.area_by_id and area not in with_members]
    if unknown:
        raise ConfigError(f"no area {', '.join(unknown)} in the archive; it has {_listed(with_members)}")
    return list(question.areas or with_members)


def _archive_of(archive: Registry, areas: Collection[str]) -> Registry:
    """Return the archive of some areas alone."""
    members = [member for member in archive.area_members if member.area in areas]
    points = {member.service_point for member in members}
    meters = {hung.meter for point in points for hung in archive.installations_of(point)}
    return replace(
        archive,
        meters=[meter for meter in archive.meters if meter.id in meters],
        installations=[hung for hung in archive.installations if hung.meter in meters],
        ratios=[ratio for ratio in archive.ratios if ratio.meter in meters],
        area_members=members,
        areas=[area for area in archive.areas if area.id in areas],
    )


def _batches(archive: Registry, areas: Sequence[str]) -> Iterator[Registry]:
    """Yield the archive in parts of whole areas, some hundred meters each."""
    of_area: dict[str, list[AreaMember]] = {}
    for member in archive.area_members:
        of_area.setdefault(member.area, []).append(member)
    batch: list[str] = []
    size = 0
    for area in areas:
        own = len(of_area.get(area, ()))
        if batch and size + own > METERS_AT_A_TIME:
            yield _archive_of(archive, batch)
            batch, size = [], 0
        batch.append(area)
        size += own
    if batch:
        yield _archive_of(archive, batch)


def _reports(
    window: MeterMatrix, archive: Registry, episodes: Sequence[Episode], question: LossQuestion
) -> Iterator[AreaReport]:
    asked = [area.id for area in archive.areas if area.id in question.areas]
    problems = loss_problems(window, archive, asked)
    found: dict[str, AreaLoss] = {}
    if window.daily is not None and len(window.meters) and len(window.daily.days):
        told = [episode for episode in episodes if episode.verdict is Verdict.ABNORMAL]
        losses = area_losses(
            window,
            window.daily,
            archive,
            register_flows_kwh(window, window.daily, archive),
            hints=hints_of(told, from_numpy(window.starts_at[-1])),
        )
        found = {loss.area: loss for loss in losses}
    for area in dict.fromkeys([*asked, *(member.area for member in archive.area_members)]):
        loss = found.get(area)
        days = [] if loss is None else [day for day in loss.days if _is_asked(day.day, question)]
        filed = archive.area_by_id.get(area)
        yield AreaReport(
            area=area,
            name="" if filed is None else filed.name,
            minutes=window.minutes,
            days=days,
            months=_months(loss, days),
            loss=loss,
            problems=[problem for problem in problems if problem.area == area],
            meters=_meters(archive, area),
        )


def _meters(archive: Registry, area: str) -> dict[str, list[str]]:
    points = dict.fromkeys(m.service_point for m in archive.area_members if m.area == area)
    return {
        point: list(dict.fromkeys(str(hung.meter) for hung in archive.installations_of(point)))
        for point in points
    }


def _months(loss: AreaLoss | None, days: Sequence[AreaDay]) -> list[AreaMonth]:
    """Return the months of the days asked for; the month before is only what they are compared with."""
    if loss is None or not days:
        return []
    before = [day for day in loss.days if day.day < days[0].day.replace(day=1)]
    shown = {day.day.replace(day=1) for day in days}
    return [month for month in area_months([*before, *days]) if month.month in shown]


def _is_asked(day: date, question: LossQuestion) -> bool:
    return (question.first is None or question.first <= day) and (question.end is None or day < question.end)


def _dated(question: LossQuestion, zone: ZoneInfo, now: datetime) -> LossQuestion:
    """Return a question with both its ends."""
    end = question.end or now.astimezone(zone).date()
    return replace(question, first=question.first or end - timedelta(days=SHOWN_DAYS), end=end)


def _span(question: LossQuestion, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """Return what must be looked at to answer a question that has both its ends."""
    assert question.first is not None  # noqa: S101 - see above
    assert question.end is not None  # noqa: S101 - see above
    until = local_day(question.end - timedelta(days=1), zone)[1]
    begin = local_day(question.first - timedelta(days=DAYS_BEFORE), zone)[0]
    return begin, max(min(until, slot_start(now, MINUTES * 60)), begin + timedelta(minutes=MINUTES))


def _until(window: MeterMatrix, end: date | None, zone: ZoneInfo) -> MeterMatrix:
    """Return a window without the days from ``end`` on: nothing is judged by its future."""
    if end is None:
        return window
    until = np.datetime64(local_day(end, zone)[0].replace(tzinfo=None), "us")
    slots = int(np.searchsorted(window.starts_at, until))
    return replace(
        window,
        starts_at=window.starts_at[:slots],
        values={quantity: column[:, :slots] for quantity, column in window.values.items()},
        import_kwh=window.import_kwh[:, :slots],
        quality=window.quality[:, :slots],
        power_kw=window.power_kw[:, :slots],
        ratios=None if window.ratios is None else window.ratios[:, :slots],
        apart_s=None if window.apart_s is None else window.apart_s[:, :slots],
        import_kvarh=None if window.import_kvarh is None else window.import_kvarh[:, :slots],
        energies={name: column[:, :slots] for name, column in window.energies.items()},
        registers={quantity: column[:, :slots] for quantity, column in window.registers.items()},
    )


def _without_impossible(window: MeterMatrix) -> MeterMatrix:
    """Return a window in which energies that no meter counts are missing; their count is told beside."""
    impossible = impossible_slots(window)
    if not impossible.any():
        return window
    return replace(window, quality=np.where(impossible, "N", window.quality))


def _zone(archive: Registry) -> ZoneInfo:
    """Return the zone of the areas; days of several zones are those of the first."""
    return next((area.zone for area in archive.areas), DEFAULT_ZONE)


def _listed(names: Collection[str], most: int = 5) -> str:
    shown = list(names)[:most]
    return ", ".join(shown) + (f" and {len(names) - most} more" if len(names) > most else "")
