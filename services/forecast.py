"""Forecasts load (负荷预测): the next slots of every meter and the demand its month heads for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from importlib.util import find_spec
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.forecast.boosted import boost
from analysis.forecast.day_ahead import Forecasts, forecasts
from analysis.forecast.days_off import DaysOff, parse_days_off, usual_days_off
from analysis.forecast.history import MOST_DAYS, NEED_DAYS, Question
from pipeline.block import MeterMatrix, Times
from pipeline.errors import ConfigError, DataError
from pipeline.model import EVERYTHING, MeterId
from pipeline.registry import DEFAULT_ZONE, Registry
from pipeline.timegrid import from_numpy, local_day, local_month, slot_grid, to_numpy
from services.derive import MINUTES, batches
from services.forecast_energies import is_gone, joined, known_share, point_alone, with_predecessors
from services.forecast_registers import register_demand_kw
from services.load_facts import DEMAND, DEMAND_AT, Shown, shown_demands
from services.meter_forecast import MeterForecast, Model, Row, nearest_first, row_of, stored_of
from services.settings import Settings, load_settings
from services.wiring import primary_profiles, utc_now
from storage.database import Connection, connect
from storage.detector_records import block_values, single_readings
from storage.files import file_matrix, read_intervals, read_readings
from storage.finals import settled_series
from storage.forecasts import drop_forecasts, save_forecasts
from storage.matrices import energies_at_slots
from storage.registry import load_registry
from storage.registry_files import read_registry

Work: TypeAlias = Callable[[NDArray[np.float64], Times, Question], Forecasts]
SHOWN = 20
DAY_AHEAD_SLOTS = 2 * 96
"""What is stored each night: this day and the next."""
KEPT_DAYS = 92
"""Stored forecasts older than this are of no use to anybody."""
LONGEST_MONTH = timedelta(days=32)
"""A month by the clock of any zone, with a day to spare."""
MEASURED = "A"
"""Only such slots are looked at: an estimate must not teach what is usual."""


MODELS: Mapping[Model, Work] = MappingProxyType(
    {Model.BLEND: forecasts, Model.LIGHTGBM: partial(forecasts, expect=boost)}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is wanted of all meters."""

    at: datetime | None = None
    """The first slot; by default the end of the data in files, or this day in the database."""
    slots: int = 96
    model: Model = Model.BLEND
    days_off: Path | None = None
    """A calendar; by default the Chinese one where that time zone is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What a night's run came to."""

    forecast: int
    """Meters with a forecast."""
    lacking: int
    """Meters whose past lacks something."""
    rows: list[Row]
    """The meters nearest to their contract's demand, for people."""


def forecast_files(
    intervals: Path, registry: Path, wish: Wish, readings: Path | None = None
) -> list[MeterForecast]:
    """Forecast every meter of an archive from the intervals of a file, and the demand registers of another.

    Raises:
        DataError: If the file cannot be understood, or what is wished for does not fit its slots.
        RegistryError: With every problem of the archive.
        ConfigError: If the calendar is wrong.
    """
    archive = read_registry(registry)
    primary = primary_profiles(load_settings())
    matrix = file_matrix(archive, None, read_intervals(intervals), primary_profiles=primary)
    registers = {} if readings is None else block_values(read_readings(readings), (DEMAND, DEMAND_AT))
    step = timedelta(minutes=matrix.minutes)
    at = wish.at or from_numpy(matrix.starts_at[-1]) + step
    shown = shown_demands(registers)
    found = [_with_register(one, archive, shown, primary) for one in _of_matrix(matrix, archive, at, wish)]
    if not found:
        raise DataError(f"{registry.name} names no meter that hangs anywhere: there is nothing to forecast")
    return found


def forecast_stored(
    wish: Wish, settings: Settings | None = None, now: datetime | None = None
) -> Iterator[MeterForecast]:
    """Forecast every meter in the database, keep what was said, and yield it meter by meter.

    Without a time the forecast begins with the local day that ``now`` lies in, in the archive's usual zone.

    Raises:
        DataError: If what is wished for does not fit the slots.
        ConfigError: If no database is named, or the calendar is wrong.
        StorageError: If the database is away or refuses.
    """
    settings, now = settings or load_settings(), now or utc_now()
    at = wish.at or local_day(now.astimezone(DEFAULT_ZONE).date(), DEFAULT_ZONE)[0]
    with connect(settings.require_database_url()) as connection:
        archive, primary = load_registry(connection), primary_profiles(settings)
        drop_forecasts(connection, now - timedelta(days=KEPT_DAYS))
        for meters in batches(archive):
            asked = [meter.id for meter in meters]
            matrix = _energies(connection, with_predecessors(archive, asked, at), at)
            shown = _demands(connection, matrix.meters, at)
            found = [
                _with_register(one, archive, shown, primary)
                for one in _of_matrix(matrix, archive, at, wish, asked)
            ]
            save_forecasts(connection, [stored_of(one) for one in found if one.lacking is None])
            yield from found


def forecast_night(slots: int, model: Model) -> Night:
    """Forecast every meter in the database from this day's midnight on, keep it, and return a summary.

    Raises:
        ConfigError: If no database is named.
        StorageError: If the database is away or refuses.
    """
    rows: list[Row] = []
    forecast = lacking = 0
    for one in forecast_stored(Wish(slots=slots, model=model)):
        lacking += one.lacking is not None
        forecast += one.lacking is None
        if one.lacking is None:
            rows.append(row_of(one))
        if len(rows) >= 2 * SHOWN:
            rows = nearest_first(rows)[:SHOWN]
    return Night(forecast=forecast, lacking=lacking, rows=nearest_first(rows)[:SHOWN])


def installed_models() -> list[Model]:
    """Return the models whose packages are installed."""
    return [model for model in Model if model is not Model.LIGHTGBM or find_spec("lightgbm") is not None]


def by_zone(matrix: MeterMatrix, archive: Registry, at: datetime) -> dict[ZoneInfo, list[int]]:
    """Return the rows of a matrix by the zone whose clock counts for them."""
    rows: dict[ZoneInfo, list[int]] = defaultdict(list)
    for row, meter in enumerate(matrix.meters):
        rows[archive.zone_of(archive.service_point_of(meter, at))].append(row)
    return rows


def days_off_of(zone: ZoneInfo, calendar: Path | None) -> DaysOff:
    """Return the days off of a calendar; without one the Chinese ones in their zone, elsewhere none.

    Raises:
        ConfigError: If the calendar cannot be read or understood.
    """
    if calendar is not None:
        try:
            text = calendar.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read {calendar}: {error}") from error
        return parse_days_off(text, calendar.name)
    return usual_days_off(zone)


def _energies(connection: Connection, meters: Sequence[MeterId], at: datetime) -> MeterMatrix:
    """Return the energies before ``at`` alone: months of readings would be read for nothing."""
    begin = at - timedelta(days=MOST_DAYS + 1)
    grid = slot_grid(begin, at, MINUTES)
    intervals = settled_series(
        connection, scope=EVERYTHING, starts_at=begin, ends_at=at, minutes=MINUTES, meters=meters
    )
    kwh, _, quality = energies_at_slots(intervals, meters, grid, MINUTES)
    return MeterMatrix(
        meters=meters,
        starts_at=grid,
        minutes=MINUTES,
        values={},
        import_kwh=kwh,
        quality=quality,
        step_kwh=np.full(len(meters), np.nan),
        power_kw=np.full(kwh.shape, np.nan),
    )


def _demands(connection: Connection, meters: Sequence[MeterId], at: datetime) -> dict[MeterId, Shown]:
    """Return what the demand registers showed since the month before ``at``, whichever the zone."""
    registers = single_readings(
        connection,
        (DEMAND, DEMAND_AT),
        scope=EVERYTHING,
        starts_at=at - LONGEST_MONTH,
        ends_at=at,
        meters=meters,
    )
    return shown_demands(registers)


def _with_register(
    one: MeterForecast, archive: Registry, shown: Mapping[MeterId, Shown], primary: frozenset[str]
) -> MeterForecast:
    """Return a forecast with the demand that the meter's register showed of its month."""
    zone = archive.zone_of(archive.service_point_of(one.meter, one.starts_at))
    begins, _ = local_month(one.month.year, one.month.month, zone)
    return one.with_register(register_demand_kw(archive, shown, one.meter, (begins, one.starts_at), primary))


def _of_matrix(
    matrix: MeterMatrix, archive: Registry, at: datetime, wish: Wish, asked: Sequence[MeterId] | None = None
) -> Iterator[MeterForecast]:
    """Yield the forecast of each meter of a matrix, or of those asked for, in its order.

    A meter that was taken down before has no next slots: its energies count for the one that replaced it.
    """
    matrix = joined(matrix, archive, at)
    kwh = np.where(matrix.quality == MEASURED, matrix.import_kwh, np.nan)
    wanted = {meter for meter in (asked or matrix.meters) if not is_gone(archive, meter, at)}
    found: dict[int, MeterForecast] = {}
    for zone, of_zone in by_zone(matrix, archive, at).items():
        rows = [row for row in of_zone if matrix.meters[row] in wanted]
        question = Question(
            at=at,
            slots=wish.slots,
            minutes=matrix.minutes,
            zone=zone,
            days_off=days_off_of(zone, wish.days_off),
        )
        said = MODELS[wish.model](kwh[rows], matrix.starts_at, question)
        for place, row in enumerate(rows):
            one = _one(matrix, archive, row, (said, place), question, model=wish.model)
            refused = _refused(matrix, kwh[row], question)
            found[row] = one if refused is None else one.refused(refused)
    for row in sorted(found):
        yield found[row]


def _refused(matrix: MeterMatrix, kwh: NDArray[np.float64], question: Question) -> str | None:
    """Return why the energies that a forecast stands on cannot be what they say."""
    slots = np.flatnonzero((kwh < 0.0) & (matrix.starts_at < to_numpy(question.at)))
    if not len(slots):
        return None
    first = int(slots[0])
    begins = from_numpy(matrix.starts_at[first]).astimezone(question.zone)
    return (
        f"import_kwh of {begins.isoformat()} is {kwh[first]:g}, and {len(slots)} slots are below 0: an import"
        " never is; file what was fed back as export_kwh"
    )


def _one(  # noqa: PLR0913 - one row of everything
    matrix: MeterMatrix,
    archive: Registry,
    row: int,
    placed: tuple[Forecasts, int],
    question: Question,
    *,
    model: Model,
) -> MeterForecast:
    (said, place), at = placed, question.at
    meter, month = matrix.meters[row], said.month
    point = point_alone(archive, meter, at)
    contract = None if point is None else archive.contract_of(point, at)
    known = (matrix.quality[row] == MEASURED) & np.isfinite(matrix.import_kwh[row])
    begins, _ = local_month(month.year, month.month, question.zone)
    covered = partial(known_share, known, matrix.starts_at, matrix.minutes)
    return MeterForecast(
        meter=meter,
        service_point=point,
        starts_at=at,
        minutes=question.minutes,
        model=model,
        lacking=said.lacking[place],
        coverage=covered((at - timedelta(days=NEED_DAYS), at)),
        kwh=said.kwh[:, place],
        max_p50_kw=_number(said.highest_kw[0, place]),
        max_p90_kw=_number(said.highest_kw[1, place]),
        month=date(month.year, month.month, 1),
        month_so_far_kw=_number(month.so_far_kw[place]),
        month_so_far_coverage=covered((begins, at)),
        month_p50_kw=_number(month.p50_kw[place]),
        month_p90_kw=_number(month.p90_kw[place]),
        contract_demand_kw=None if contract is None else contract.contract_demand_kw,
        basic_charge=None if contract is None else contract.basic_charge,
    )


def _number(value: float) -> float | None:
    return round(float(value), 6) if isfinite(value) else None
