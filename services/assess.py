"""Sums up days: load (负荷) of every service point and voltage qualification (电压合格率) of every phase."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from math import isfinite
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.limits import VoltageBand, voltage_band
from analysis.load.daily import DailyLoad, daily_load
from analysis.voltage import VoltageStatistics, daily_qualification
from detectors.usage.service_point_load import service_point_load
from pipeline.block import MeterMatrix, Times
from pipeline.model import EVERYTHING, MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Installation, Meter, Registry, Wiring
from pipeline.timegrid import from_numpy, local_day
from services.derive import METERS_AT_A_TIME, MINUTES, batches
from services.settings import Settings, load_settings
from services.wiring import primary_profiles, utc_now
from storage.database import Connection, connect
from storage.matrices import meter_matrix
from storage.readings import reading_series
from storage.registry import load_registry
from storage.statistics import LoadDay, VoltageDay, save_load_days, save_voltage_days

Row: TypeAlias = dict[str, object]
"""One line of a table for people."""

SHOWN = 20
HOLD_S = MINUTES * 60.0
"""How long a voltage sample may stand alone."""
PHASES = {
    Wiring.ONE_PHASE: (Quantity.VOLTAGE_A,),
    Wiring.THREE_PHASE_FOUR_WIRE: (Quantity.VOLTAGE_A, Quantity.VOLTAGE_B, Quantity.VOLTAGE_C),
    Wiring.THREE_PHASE_THREE_WIRE: (Quantity.VOLTAGE_AB, Quantity.VOLTAGE_BC),
}


def load_days(days: int, settings: Settings | None = None, now: datetime | None = None) -> list[LoadDay]:
    """Store and return the load of every service point on the last ``days`` local days, today included."""
    settings = settings or load_settings()
    now = now or utc_now()
    primary = primary_profiles(settings)
    with connect(settings.require_database_url()) as connection:
        registry = load_registry(connection)
        found: list[LoadDay] = []
        for part in _parts(registry):
            meters = [registry.meter_by_id[meter] for meter in {i.meter for i in part.installations}]
            matrix = _matrix(connection, registry, meters, (_first_instant(now, days), now), primary)
            found += _load_days_of(matrix, part)
        save_load_days(connection, found)
    return found


def voltage_quality(
    days: int, settings: Settings | None = None, now: datetime | None = None
) -> list[VoltageDay]:
    """Store and return every meter's voltage qualification on the last ``days`` local days."""
    settings = settings or load_settings()
    now = now or utc_now()
    primary = primary_profiles(settings)
    with connect(settings.require_database_url()) as connection:
        registry = load_registry(connection)
        span = _first_instant(now, days), now
        found = [
            day
            for meters in batches(registry)
            for day in _voltage_days_of(connection, registry, meters, span, primary)
        ]
        save_voltage_days(connection, found)
    return found


def highest_loads(days: Sequence[LoadDay]) -> list[Row]:
    """Return the highest 15-minute loads for people."""
    known = [day for day in days if day.max_kw is not None]
    return [
        {
            "service point": day.service_point,
            "day": day.day.isoformat(),
            "maximum kW": round(day.max_kw or 0.0, 2),
            "at": str(day.max_at),
            "energy kWh": round(day.energy_kwh or 0.0, 1),
            "coverage": f"{day.coverage:.1%}",
        }
        for day in sorted(known, key=lambda day: -(day.max_kw or 0.0))[:SHOWN]
    ]


def worst_voltages(days: Sequence[VoltageDay]) -> list[Row]:
    """Return the phases and days with the lowest qualification rate for people."""
    known = [day for day in days if day.qualified_share is not None]
    return [
        {
            "meter": day.meter,
            "phase": day.phase,
            "day": day.day.isoformat(),
            "qualified": f"{day.qualified_share:.3%}",
            "under min": round(day.minutes_under, 1),
            "over min": round(day.minutes_over, 1),
            "lowest V": day.lowest_v,
            "highest V": day.highest_v,
        }
        for day in sorted(known, key=lambda day: day.qualified_share or 0.0)[:SHOWN]
    ]


def _first_instant(now: datetime, days: int) -> datetime:
    """Whole local days are summed up, whatever the zone: begin a day early."""
    return now - timedelta(days=days + 1)


def _matrix(
    connection: Connection,
    registry: Registry,
    meters: Sequence[Meter],
    span: tuple[datetime, datetime],
    primary: frozenset[str],
) -> MeterMatrix:
    return meter_matrix(
        connection,
        registry,
        scope=EVERYTHING,
        starts_at=span[0],
        ends_at=span[1],
        minutes=MINUTES,
        meters=[meter.id for meter in meters],
        primary_profiles=primary,
    )


def _parts(registry: Registry) -> Iterator[Registry]:
    """Yield the archive with some hundred service points at a time, each with all its meters."""
    installed: dict[str | None, list[Installation]] = defaultdict(list)
    for installation in registry.installations:
        installed[installation.service_point].append(installation)
    points = [point for point in registry.service_points if point.id in installed]
    for first in range(0, len(points), METERS_AT_A_TIME):
        some = points[first : first + METERS_AT_A_TIME]
        here = [installation for point in some for installation in installed[point.id]]
        yield replace(registry, service_points=some, installations=here)


def _load_days_of(matrix: MeterMatrix, part: Registry) -> Iterator[LoadDay]:
    """Yield the days of each service point but the first, which is cut."""
    for point in part.service_points:
        load = service_point_load(matrix, part, point.id, slice(None))
        if load is None:
            continue
        energy = load.kwh.reshape(1, -1)
        for day in daily_load(energy, matrix.starts_at, matrix.minutes, part.zone_of(point.id))[1:]:
            yield _load_day(point.id, day)


def _load_day(service_point: str, day: DailyLoad) -> LoadDay:
    max_at = day.max_at[0]
    return LoadDay(
        service_point=service_point,
        day=day.day,
        max_kw=_number(day.max_kw),
        max_at=None if np.isnat(max_at) else from_numpy(max_at),
        min_kw=_number(day.min_kw),
        mean_kw=_number(day.mean_kw),
        energy_kwh=_number(day.energy_kwh),
        load_factor=_number(day.load_factor),
        coverage=float(day.coverage[0]),
    )


def _number(column: NDArray[np.float64]) -> float | None:
    value = float(column[0])
    return value if isfinite(value) else None


def _voltage_days_of(
    connection: Connection,
    registry: Registry,
    meters: Sequence[Meter],
    span: tuple[datetime, datetime],
    primary: frozenset[str],
) -> Iterator[VoltageDay]:
    installed = {i.meter: i for i in registry.installed_at(span[1])}
    series = reading_series(
        connection,
        sorted({phase for phases in PHASES.values() for phase in phases}),
        scope=EVERYTHING,
        starts_at=span[0],
        ends_at=span[1],
        meters=[meter.id for meter in meters],
    )
    for meter in meters:
        own, place = series.of(meter.id), installed.get(meter.id)
        zone = registry.zone_of(None if place is None else place.service_point)
        pt = registry.ratio_of(meter.id, span[1]).pt
        band = voltage_band(meter, pt)
        if place is not None and place.profile in primary:
            band = band.in_front(pt)
        for phase in PHASES[meter.wiring]:
            known = np.isfinite(own.values[phase])
            samples = own.taken_at[known], own.values[phase][known]
            for day, told in _whole_days(*samples, band, zone) if known.any() else ():
                yield _voltage_day(meter.id, day, phase, told)


def _whole_days(
    taken_at: Times, volts: NDArray[np.float64], band: VoltageBand, zone: ZoneInfo
) -> Iterator[tuple[date, VoltageStatistics]]:
    """Yield the days but the first, which is cut, if there are others."""
    times, first = np.unique(taken_at, return_index=True)
    days = daily_qualification(times, volts[first], band, zone=zone, hold_s=HOLD_S)
    began = from_numpy(times[0])
    for day, told in days.items():
        if local_day(day, zone)[0] >= began or len(days) == 1:
            yield day, told


def _voltage_day(meter: MeterId, day: date, phase: Quantity, told: VoltageStatistics) -> VoltageDay:
    return VoltageDay(
        meter=meter,
        day=day,
        phase=phase.value.removeprefix("voltage_"),
        qualified_share=None if told.qualified_percent is None else told.qualified_percent / 100.0,
        minutes_monitored=told.monitored_minutes,
        minutes_over=told.over_minutes,
        minutes_under=told.under_minutes,
        highest_v=told.highest_v,
        highest_at=told.highest_at,
        lowest_v=told.lowest_v,
        lowest_at=told.lowest_at,
        coverage=told.coverage,
    )
