"""Readings and intervals in files (DESIGN section 7), and the matrices that detectors want of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.block import MeterMatrix, ReadingBlock, Times
from pipeline.errors import DataError
from pipeline.model import MeterId, Origin
from pipeline.quantities import Kind, Quantity
from pipeline.registry import Registry
from pipeline.timegrid import MINUTES_PER_DAY, from_numpy, slot_grid
from storage import tabular
from storage.columns import NUMBER_OF_ORIGIN
from storage.final_columns import FINAL_COLUMNS, OF_EACH_ENERGY
from storage.intervals import ENERGIES, IntervalColumns
from storage.matrices import (
    PREFERENCE,
    REGISTER_PREFERENCE,
    energies_at_slots,
    hung_factors,
    other_energies,
    ratio_factors,
    register_steps,
    registers_at_slots,
    seconds_apart,
    unless_constant,
    values_at_slots,
)
from storage.readings import ReadingSeries

QUALITY_LETTERS = "AEFSNV"
"""Actual, estimated, final substituted, substituted, missing, mixed."""

DEFAULT_MINUTES = 15

_LISTS = frozenset({Kind.SPECTRUM, Kind.WORDS})


def read_readings(path: Path) -> ReadingBlock:
    """Return the readings in a ``.csv`` or ``.parquet`` file, in the file's order.

    Raises:
        DataError: Names file, row and column of what cannot be understood.
    """
    table = tabular.read_table(
        path, required=("meter_id", "taken_at"), allowed=["meter_id", "taken_at", "origin", *Quantity]
    )
    meters = [MeterId(text) for text in tabular.texts(table, "meter_id")]
    taken_at = tabular.instants(table, "taken_at")
    given = [q for q in Quantity if q.value in table.cells.columns]
    origins: Sequence[str] = [Origin.PRESENT.value] * len(meters)
    if "origin" in table.cells.columns:
        origins = tabular.choices(table, "origin", [*Origin], lambda _row: Origin.PRESENT.value)
    never = np.full(len(meters), np.datetime64("NaT", "us"))
    return ReadingBlock(
        meters=meters,
        taken_at=taken_at,
        received_at=taken_at,
        slot_at=never,
        meter_time=never,
        origins=origins,
        quality=np.zeros(len(meters), dtype=np.int32),
        flags=[{}] * len(meters),
        scalars={q: _scalars(table, q) for q in given if q.kind not in _LISTS},
        arrays={q: tabular.lists(table, q.value) for q in given if q.kind in _LISTS},
    )


def read_intervals(path: Path) -> IntervalColumns:
    """Return the intervals in a ``.csv`` or ``.parquet`` file, in the file's order.

    Where no quality is given it is ``A`` for a value and ``N`` for none.

    Raises:
        DataError: Names file, row and column of what cannot be understood.
    """
    required = ("meter_id", "starts_at", "minutes", "import_kwh")
    others = [f"{energy}_{name}" for energy in ENERGIES for name in OF_EACH_ENERGY]
    table = tabular.read_table(
        path, required=required, allowed=[*required, "quality", *ENERGIES, *FINAL_COLUMNS, *others]
    )
    meters = [MeterId(text) for text in tabular.texts(table, "meter_id")]
    starts_at = tabular.instants(table, "starts_at")
    minutes = _minutes(table)
    energies = {name: tabular.numbers(table, name) for name in ENERGIES if name in table.cells.columns}
    known = ~np.isnan(energies["import_kwh"])
    letters = ["A" if k else "N" for k in known]
    if "quality" in table.cells.columns:
        letters = tabular.choices(table, "quality", QUALITY_LETTERS, letters.__getitem__)
    _refuse_doubles(table, meters, starts_at, minutes)
    return IntervalColumns(
        meters=meters,
        starts_at=starts_at,
        minutes=minutes,
        quality=np.array(letters, dtype="U1"),
        energies=energies,
        methods=["file"] * len(meters),
    )


def file_matrix(  # noqa: PLR0913 - one question with all that bounds it
    registry: Registry,
    readings: ReadingBlock | None,
    intervals: IntervalColumns | None,
    *,
    minutes: int | None = None,
    registers: Sequence[Quantity] = (),
    energies: Collection[str] = (),
    primary_profiles: frozenset[str] = frozenset(),
) -> MeterMatrix:
    """Return readings and intervals as one matrix over their span, a row a meter of the registry.

    Args:
        registry: The archive; meters outside it have no row.
        readings: Values at the slots' starts are taken from them.
        intervals: Energies are taken from those of ``minutes``.
        minutes: Length of the slots; by default the length that most intervals have, else 15.
        registers: Energy registers wanted at the slots.
        energies: Energies of the slots wanted beside import, as in :data:`storage.intervals.ENERGIES`.
        primary_profiles: Profiles whose values are primary ones already: no ratio is applied to them.

    Raises:
        DataError: If there is nothing at all, so that no span is known.
    """
    length = minutes or _usual_minutes(intervals)
    grid = _span(readings, intervals, length)
    meters = [meter.id for meter in registry.meters]
    factors = hung_factors(registry, meters, grid, ratio_factors(registry, meters, grid, primary_profiles))
    values, apart_s = {}, None
    if readings is not None:
        series = series_of(readings, meters, PREFERENCE)
        values = values_at_slots(series, meters, grid, length)
        apart_s = seconds_apart(series, meters, grid, length)
    power_kw = np.full(factors.shape, np.nan)
    if Quantity.ACTIVE_POWER in values:
        power_kw = values[Quantity.ACTIVE_POWER].astype(np.float64) * factors
    import_kwh, import_kvarh, quality = energies_at_slots(intervals, meters, grid, length)
    found = {}
    if readings is not None and registers:
        counted = series_of(readings, meters, REGISTER_PREFERENCE)
        given = [q for q in registers if q in counted.values]
        found = registers_at_slots(
            replace(counted, values={q: counted.values[q] for q in given}), meters, grid, length
        )
    return MeterMatrix(
        meters=meters,
        starts_at=grid,
        minutes=length,
        values=values,
        import_kwh=import_kwh,
        quality=quality,
        step_kwh=register_steps(registry, meters, factors),
        power_kw=power_kw,
        ratios=unless_constant(factors),
        apart_s=apart_s,
        import_kvarh=import_kvarh,
        energies=other_energies(intervals, energies, meters, grid, length),
        registers=found,
    )


def _scalars(table: tabular.Table, quantity: Quantity) -> NDArray[np.float64]:
    if quantity.kind is not Kind.INSTANT:
        return tabular.numbers(table, quantity.value)
    times = tabular.instants(table, quantity.value, may_be_empty=True)
    seconds = times.astype(np.int64) / 1e6
    return np.where(np.isnat(times), np.nan, seconds)


def _minutes(table: tabular.Table) -> NDArray[np.int16]:
    minutes = tabular.numbers(table, "minutes")
    wrong = np.flatnonzero(~((minutes > 0) & (minutes <= MINUTES_PER_DAY) & (minutes == np.floor(minutes))))
    if len(wrong):
        shown = table.cells["minutes"].iloc[int(wrong[0])]
        raise table.error(int(wrong[0]), "minutes", f"expected a whole number from 1 to 1440, not {shown!r}")
    return minutes.astype(np.int16)


def _refuse_doubles(
    table: tabular.Table, meters: Sequence[MeterId], starts_at: Times, minutes: NDArray[np.int16]
) -> None:
    seen: dict[tuple[str, int, int], int] = {}
    for row, key in enumerate(
        zip(meters, starts_at.astype(np.int64).tolist(), minutes.tolist(), strict=True)
    ):
        first = seen.setdefault(key, row)
        if first != row:
            raise table.error(
                row, "starts_at", f"the same interval as in {table.counted} {first + table.first_line}"
            )


def _usual_minutes(intervals: IntervalColumns | None) -> int:
    if intervals is None or not len(intervals):
        return DEFAULT_MINUTES
    lengths, counts = np.unique(intervals.minutes, return_counts=True)
    return int(lengths[counts.argmax()])


def _span(readings: ReadingBlock | None, intervals: IntervalColumns | None, minutes: int) -> Times:
    times = [np.array([], dtype="datetime64[us]")]
    if readings is not None:
        times.append(readings.taken_at)
    if intervals is not None:
        times.append(intervals.starts_at)
    every = np.concatenate(times)
    if not len(every):
        raise DataError("there are neither readings nor intervals: no span to look at")
    step = timedelta(minutes=minutes)
    first, last = from_numpy(every.min()), from_numpy(every.max())
    # The slot that holds the first reading begins before it.
    return slot_grid(first - step + timedelta(microseconds=1), last + timedelta(microseconds=1), minutes)


def series_of(readings: ReadingBlock, meters: Sequence[MeterId], origins: Sequence[Origin]) -> ReadingSeries:
    """Return readings of known meters and some origins, so that files and database take the same way."""
    row_of = {meter: row for row, meter in enumerate(meters)}
    index = np.array([row_of.get(meter, -1) for meter in readings.meters], dtype=np.int64)
    numbers = {origin.value: number for origin, number in NUMBER_OF_ORIGIN.items()}
    origin = np.array([numbers[o] for o in readings.origins], dtype=np.int16)
    kept = (index >= 0) & np.isin(origin, [NUMBER_OF_ORIGIN[o] for o in origins])
    return ReadingSeries(
        meters=meters,
        meter_index=index[kept],
        taken_at=readings.taken_at[kept],
        slot_at=readings.slot_at[kept],
        origin=origin[kept],
        quality=readings.quality[kept],
        values={q: column[kept] for q, column in readings.scalars.items()},
    )
