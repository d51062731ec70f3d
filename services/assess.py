"""Sums up days: load (负荷) of every service point and voltage qualification (电压合格率) of every phase."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from math import isfinite
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from analysis.limits import voltage_band
from analysis.load import DailyLoad, daily_load
from analysis.voltage import VoltageStatistics, daily_qualification
from pipeline.block import MeterMatrix, Times
from pipeline.model import EVERYTHING, MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Registry, Role, Wiring
from pipeline.timegrid import from_numpy, local_day
from services.derive import MINUTES, batches
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
        for meters in batches(registry):
            matrix = _matrix(connection, registry, meters, (_first_instant(now, days), now), primary)
            found += _load_days_of(matrix, registry)
        save_load_days(connection, found)
    return found


def voltage_quality(
    days: int, settings: Settings | None = None, now: datetime | None = None
) -> list[VoltageDay]:
    """Store and return every meter's voltage qualification on the last ``days`` local days."""
    settings = settings or load_settings()
    now = now or utc_now()
    with connect(settings.require_database_url()) as connection:
        registry = load_registry(connection)
        found = [
            day
            for meters in batches(registry)
            for day in _voltage_days_of(connection, registry, meters, _first_instant(now, days), now)
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


def _load_days_of(matrix: MeterMatrix, registry: Registry) -> Iterator[LoadDay]:
    """Yield the days of each service point with one main meter here, but the first, which is cut."""
    row_of = {meter: row for row, meter in enumerate(matrix.meters)}
    for point in registry.service_points:
        rows = [
            row_of[i.meter]
            for i in registry.installations_of(point.id)
            if i.meter in row_of and i.role is Role.MAIN
        ]
        if not rows:
            continue
        energy = matrix.import_kwh[rows].sum(axis=0, keepdims=True)
        for day in daily_load(energy, matrix.starts_at, matrix.minutes, registry.zone_of(point.id))[1:]:
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
    connection: Connection, registry: Registry, meters: Sequence[Meter], starts_at: datetime, now: datetime
) -> Iterator[VoltageDay]:
    series = reading_series(
        connection,
        sorted({phase for phases in PHASES.values() for phase in phases}),
        scope=EVERYTHING,
        starts_at=starts_at,
        ends_at=now,
        meters=[meter.id for meter in meters],
    )
    for meter in meters:
        own = series.of(meter.id)
        for phase in PHASES[meter.wiring]:
            known = np.isfinite(own.values[phase])
            yield from _phase_days(meter, registry, phase, own.taken_at[known], own.values[phase][known])


def _phase_days(
    meter: Meter, registry: Registry, phase: Quantity, taken_at: Times, volts: NDArray[np.float64]
) -> Iterator[VoltageDay]:
    if len(taken_at) == 0:
        return
    points = [i.service_point for i in registry.installations if i.meter == meter.id]
    zone = registry.zone_of(points[-1] if points else None)
    ratio = registry.ratio_of(meter.id, from_numpy(taken_at[-1]))
    times, first = np.unique(taken_at, return_index=True)
    band = voltage_band(meter, ratio.pt)
    days = daily_qualification(times, volts[first], band, zone=zone, hold_s=HOLD_S)
    began = from_numpy(times[0])
    for day, told in days.items():
        if local_day(day, zone)[0] >= began or len(days) == 1:
            yield _voltage_day(meter.id, day, phase, told)


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
