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
    RegisterBounds,
    RegisterReadings,
    SlotGrid,
    counts_of,
    energy_kwh,
    full_scale,
    most_per_hour,
)
from pipeline.model import EVERYTHING, MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Registry
from pipeline.shown_ratings import as_shown
from pipeline.stays import (
    ALWAYS,
    Register,
    RegisterHistory,
    SlotPieces,
    register_histories,
    slot_energies,
    slot_pieces,
)
from pipeline.timegrid import slot_grid, slot_start
from services.settings import Settings, load_settings
from services.wiring import primary_profiles, utc_now
from storage.columns import ORIGIN_OF_NUMBER
from storage.database import Connection, connect
from storage.intervals import QUADRANTS, IntervalColumns, save_intervals
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
    grid = SlotGrid(starts_at=times[0], minutes=MINUTES, slots=len(times))
    ids = [meter.id for meter in meters]
    shown = as_shown(registry, primary).meter_by_id
    factors = SlotFactors(registry, ids, grid, primary)
    saved = 0
    for meter in meters:
        columns = interval_columns(shown[meter.id], series.of(meter.id), grid, factors)
        saved += save_intervals(connection, columns, computed_at=ends_at)
    return saved


class SlotFactors:
    """What the energies of some meters are multiplied by to become primary ones, slot by slot and within."""

    def __init__(
        self, registry: Registry, meters: Sequence[MeterId], grid: SlotGrid, primary: frozenset[str]
    ) -> None:
        """Look up all meters at once; ``primary`` names the profiles that report primary values already."""
        self._registry, self._primary = registry, primary
        of_slots = ratio_factors(registry, meters, grid.edges[:-1], primary)
        self._of_meter: dict[MeterId, NDArray[np.float64]] = dict(zip(meters, of_slots, strict=True))
        self._histories = register_histories(registry)

    def history(self, meter: MeterId) -> RegisterHistory:
        """Return when the meter's registers counted for somebody."""
        return self._histories.get(meter, ALWAYS)

    def at(self, meter: MeterId, pieces: SlotPieces) -> NDArray[np.float64]:
        """Return the factor of each piece."""
        if pieces.is_whole:
            return self._of_meter[meter]
        return ratio_factors(self._registry, [meter], pieces.starts_at, self._primary).ravel()


def interval_columns(
    meter: Meter, series: ReadingSeries, grid: SlotGrid, factors: SlotFactors
) -> IntervalColumns:
    """Return a meter's intervals; leading and trailing slots that nothing is known of are left out.

    ``meter`` has its ratings on the side of its registers (:func:`pipeline.shown_ratings.as_shown`).
    """
    pieces = {
        name: _pieces(meter, series, quantity, grid, factors.history(meter.id))
        for name, quantity in REGISTERS.items()
        if np.isfinite(series.values[quantity]).any()
    }
    for name, parts in QUADRANTS.items():
        if name not in pieces and all(part in pieces for part in parts):
            pieces[name] = _sum(*(pieces[part] for part in parts))
    found = {
        name: slot_energies(piece, energy_kwh(piece.counts, meter.resolution, factors.at(meter.id, piece)))
        for name, piece in pieces.items()
    }
    if "import_kwh" not in found:
        quality, method = np.full(grid.slots, "N"), np.full(grid.slots, "unknown")
    else:
        _, quality, method = found["import_kwh"]
    inside = _known_stretch([quality, *(letters for _, letters, _ in found.values())])
    size = inside.stop - inside.start
    return IntervalColumns(
        meters=[meter.id] * size,
        starts_at=grid.edges[:-1][inside],
        minutes=np.full(size, grid.minutes, dtype=np.int16),
        quality=quality[inside],
        energies={name: kwh[inside] for name, (kwh, _, _) in found.items()},
        letters={name: letters[inside] for name, (_, letters, _) in found.items()},
        methods=[str(text) for text in method[inside]],
    )


def _sum(one: SlotPieces, other: SlotPieces) -> SlotPieces:
    """Return the energy of two registers together; unknown where one of them is."""
    valid = one.counts.valid & other.counts.valid
    estimated = (one.counts.quality == "E") | (other.counts.quality == "E")
    quality = np.where(valid, np.where(estimated, "E", "A"), "N")
    counts = np.where(valid, one.counts.counts + other.counts.counts, 0)
    return replace(one, counts=replace(one.counts, counts=counts, valid=valid, quality=quality))


def _pieces(
    meter: Meter, series: ReadingSeries, quantity: Quantity, grid: SlotGrid, history: RegisterHistory
) -> SlotPieces:
    readings, register = counted(meter, series, quantity)
    return slot_pieces(readings, grid, register, history)


def counted(meter: Meter, series: ReadingSeries, quantity: Quantity) -> tuple[RegisterReadings, Register]:
    """Return the readings of one register of a meter in whole counts, and what the register can do."""
    known = np.isfinite(series.values[quantity])
    readings = RegisterReadings(
        taken_at=series.taken_at[known],
        counts=counts_of(series.values[quantity][known], meter.resolution),
        rank=_RANK[series.origin[known]],
    )
    bounds = RegisterBounds(scale=full_scale(meter.digits, meter.resolution), fastest=most_per_hour(meter))
    return readings, Register(quantity=quantity.value, resolution=meter.resolution, bounds=bounds)


def _known_stretch(letters: Sequence[NDArray[np.str_]]) -> slice:
    known = np.flatnonzero(np.any([of_energy != "N" for of_energy in letters], axis=0))
    return slice(int(known[0]), int(known[-1]) + 1) if len(known) else slice(0, 0)
