"""Derives interval energy (区间电量) from the registers: whole counts, scaled to primary kWh at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from pipeline.intervals import (
    ORIGIN_RANK,
    IntervalCounts,
    RegisterReadings,
    SlotGrid,
    counts_of,
    energy_kwh,
    full_scale,
    interval_counts,
    most_per_hour,
)
from pipeline.model import EVERYTHING
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Registry, as_shown
from pipeline.timegrid import slot_grid, slot_start
from services.settings import Settings, load_settings
from services.wiring import primary_profiles, utc_now
from storage.columns import ORIGIN_OF_NUMBER
from storage.database import Connection, connect
from storage.intervals import IntervalColumns, save_intervals
from storage.matrices import ratio_factors
from storage.readings import ReadingSeries, reading_series
from storage.registry import load_registry

MINUTES = 15
MARGIN = timedelta(hours=6)
"""Readings this long before and after the slots help at their edges."""
METERS_AT_A_TIME = 200
REGISTERS: Mapping[str, Quantity] = MappingProxyType(
    {
        "import_kwh": Quantity.ACTIVE_ENERGY_IMPORT,
        "export_kwh": Quantity.ACTIVE_ENERGY_EXPORT,
        "import_kvarh": Quantity.REACTIVE_ENERGY_IMPORT,
        "export_kvarh": Quantity.REACTIVE_ENERGY_EXPORT,
        "q1_kvarh": Quantity.REACTIVE_ENERGY_Q1,
        "q2_kvarh": Quantity.REACTIVE_ENERGY_Q2,
        "q3_kvarh": Quantity.REACTIVE_ENERGY_Q3,
        "q4_kvarh": Quantity.REACTIVE_ENERGY_Q4,
    }
)
"""The register behind each energy of an interval."""
SUMS = {"import_kvarh": ("q1_kvarh", "q2_kvarh"), "export_kvarh": ("q3_kvarh", "q4_kvarh")}
"""Reactive import is QI + QII and export QIII + QIV (IEC quadrants), where a meter gives the quadrants."""
_RANK = np.array([ORIGIN_RANK[ORIGIN_OF_NUMBER[n].value] for n in sorted(ORIGIN_OF_NUMBER)], dtype=np.int64)


def derive_recent(days: int, settings: Settings | None = None, now: datetime | None = None) -> int:
    """Derive the intervals of the last ``days`` days up to the present slot; return how many are new."""
    settings = settings or load_settings()
    until = slot_start(now or utc_now(), MINUTES * 60)
    primary = primary_profiles(settings)
    with connect(settings.require_database_url()) as connection:
        registry = load_registry(connection)
        span = until - timedelta(days=days), until
        return sum(derive(connection, registry, meters, span, primary) for meters in batches(registry))


def batches(registry: Registry) -> Iterator[list[Meter]]:
    """Yield the archive's meters, some hundred at a time."""
    for first in range(0, len(registry.meters), METERS_AT_A_TIME):
        yield list(registry.meters[first : first + METERS_AT_A_TIME])


def derive(
    connection: Connection,
    registry: Registry,
    meters: Sequence[Meter],
    span: tuple[datetime, datetime],
    primary: frozenset[str],
) -> int:
    """Store the intervals of ``meters`` in ``span`` where they are new or have changed; return how many.

    Intervals never reach beyond a meter's newest reading: a slot that is not over is not an interval.
    ``primary`` names the profiles that report primary values already.
    """
    starts_at, ends_at = span
    series = reading_series(
        connection,
        list(REGISTERS.values()),
        scope=EVERYTHING,
        starts_at=starts_at - MARGIN,
        ends_at=ends_at + MARGIN,
        meters=[meter.id for meter in meters],
    )
    times = slot_grid(starts_at, ends_at, MINUTES)
    ids = [meter.id for meter in meters]
    factors = dict(zip(ids, ratio_factors(registry, ids, times, primary), strict=True))
    grid = SlotGrid(starts_at=times[0], minutes=MINUTES, slots=len(times))
    shown = as_shown(registry, primary).meter_by_id
    saved = 0
    for meter in meters:
        columns = interval_columns(shown[meter.id], series.of(meter.id), grid, factors[meter.id])
        saved += save_intervals(connection, columns, computed_at=ends_at)
    return saved


def interval_columns(
    meter: Meter, series: ReadingSeries, grid: SlotGrid, factor: NDArray[np.float64]
) -> IntervalColumns:
    """Return a meter's intervals; leading and trailing slots that nothing is known of are left out.

    ``meter`` has its ratings on the side of its registers (:func:`pipeline.registry.as_shown`).
    """
    energies: dict[str, IntervalCounts] = {
        name: _counts(meter, series, quantity, grid)
        for name, quantity in REGISTERS.items()
        if np.isfinite(series.values[quantity]).any()
    }
    for name, parts in SUMS.items():
        if name not in energies and all(part in energies for part in parts):
            energies[name] = _sum(*(energies[part] for part in parts))
    main = energies.get("import_kwh")
    inside = _known_stretch(main, grid)
    size = inside.stop - inside.start
    return IntervalColumns(
        meters=[meter.id] * size,
        starts_at=grid.edges[:-1][inside],
        minutes=np.full(size, grid.minutes, dtype=np.int16),
        quality=np.full(size, "N") if main is None else main.quality[inside],
        energies={
            name: energy_kwh(counts, meter.resolution, factor)[inside] for name, counts in energies.items()
        },
        methods=[] if main is None else [str(method) for method in main.method[inside]],
    )


def _sum(one: IntervalCounts, other: IntervalCounts) -> IntervalCounts:
    """Return the energy of two registers together; unknown where one of them is."""
    valid = one.valid & other.valid
    return replace(one, counts=np.where(valid, one.counts + other.counts, 0), valid=valid)


def _counts(meter: Meter, series: ReadingSeries, quantity: Quantity, grid: SlotGrid) -> IntervalCounts:
    known = np.isfinite(series.values[quantity])
    readings = RegisterReadings(
        taken_at=series.taken_at[known],
        counts=counts_of(series.values[quantity][known], meter.resolution),
        rank=_RANK[series.origin[known]],
    )
    return interval_counts(
        readings, grid, scale=full_scale(meter.digits, meter.resolution), fastest=most_per_hour(meter)
    )


def _known_stretch(counts: IntervalCounts | None, grid: SlotGrid) -> slice:
    if counts is None or not counts.valid.any():
        return slice(0, 0)
    known = np.flatnonzero(counts.valid)
    return slice(int(known[0]), min(int(known[-1]) + 1, grid.slots))
