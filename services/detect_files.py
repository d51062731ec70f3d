"""Runs every detector over files alone: readings, intervals and an archive in, episodes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import numpy as np

from detectors import engine
from detectors.catalogue import Needs
from detectors.wanted import CannotRun, cannot_run, wanted
from pipeline.block import MeterMatrix, ReadingBlock, Times
from pipeline.daily_reduction import with_daily_rows
from pipeline.errors import ConfigError
from pipeline.intervals import SlotGrid
from pipeline.model import Origin
from pipeline.records import Records
from pipeline.registry import Registry
from pipeline.shown_ratings import as_shown
from pipeline.timegrid import from_numpy, slot_grid, slot_start
from services.audit import Audit
from services.derive import MINUTES, REGISTERS, SlotFactors, interval_columns
from services.filed_numbers import check_numbers
from services.meter_orders import orders_in
from services.settings import load_settings
from services.wiring import primary_profiles
from storage.columns import NUMBER_OF_ORIGIN
from storage.detector_records import block_values
from storage.episode_files import episode_document, write_episodes
from storage.files import file_matrix, read_intervals, read_readings
from storage.intervals import IntervalColumns, letters_of
from storage.readings import ReadingSeries
from storage.record_files import read_events, read_parameters
from storage.registry_files import read_registry

STEPS = 5


def detect_files(  # noqa: PLR0913 - one run with all that it may be told
    *,
    readings: Path | None,
    intervals: Path | None,
    registry: Path,
    out: Path,
    events: Path | None = None,
    parameters: Path | None = None,
    audit: Path | None = None,
    begin: Callable[[str], None] = lambda _step: None,
    only: Sequence[str] | None = None,
    numbers: Mapping[str, Mapping[str, float]] = MappingProxyType({}),
    tell: Callable[[CannotRun], None] = lambda _cannot: None,
) -> list[dict[str, object]]:
    """Write the episodes found in files to ``out`` and return them as JSON objects.

    Where no intervals are given they are derived from the registers among the readings. ``events`` and
    ``parameters`` hold what meters told of themselves, ``audit`` what ``kilowatch control`` ordered.
    ``begin`` is called with the name of each of the ``STEPS`` steps, ``tell`` with each detector that has
    nothing to look at. ``only`` names detectors, ``numbers`` holds other parameters than their own.

    Raises:
        DataError: If a file of readings or intervals cannot be understood; names row and column.
        RegistryError: With every problem of the archive.
        PluginError: If a named detector or parameter does not exist.
        ConfigError: If ``out`` cannot be written.
        AuditError: If the record of orders is damaged.
    """
    begin("reading the archive")
    archive = read_registry(registry)
    check_numbers(registry)
    begin("reading readings and intervals")
    environment = load_settings()
    primary = primary_profiles(environment)
    read = None if readings is None else read_readings(readings)
    energies = None if intervals is None else read_intervals(intervals)
    begin("lining up")
    if energies is None and read is not None:
        energies = intervals_of(read, archive, primary)
    told = Records(
        events=() if events is None else read_events(events),
        parameters=() if parameters is None else read_parameters(parameters),
        orders=() if audit is None else orders_in(Audit(audit).entries(), archive),
    )
    window = _window(archive, read, energies, wanted(only), (primary, told))
    for cannot in cannot_run(window, only):
        tell(cannot)
    begin("running the detectors")
    found = engine.run(window, archive, only=only, settings=numbers, threads=environment.detect_threads)
    episodes = engine.reconcile(found, [])
    begin("writing episodes")
    try:
        write_episodes(out, episodes)
    except OSError as error:
        raise ConfigError(f"cannot write {out}: {error.strerror}") from error
    return [episode_document(episode) for episode in episodes]


def _window(
    archive: Registry,
    readings: ReadingBlock | None,
    intervals: IntervalColumns | None,
    needs: Needs,
    of: tuple[frozenset[str], Records],
) -> MeterMatrix:
    """Return what the files hold of what the detectors look at."""
    primary, told = of
    window = file_matrix(
        archive,
        readings,
        intervals,
        registers=list(dict.fromkeys((*needs.registers, *needs.day_registers))),
        energies=needs.energies,
        primary_profiles=primary,
    )
    single = {} if readings is None else block_values(readings, needs.readings)
    return with_daily_rows(replace(window, records=replace(told, readings=single)), archive)


def intervals_of(
    readings: ReadingBlock, archive: Registry, primary: frozenset[str], minutes: int = MINUTES
) -> IntervalColumns | None:
    """Return the intervals that the registers of known meters give; None if they give none.

    ``primary`` names the profiles that report primary values already.
    """
    times = _slots_of(readings, minutes)
    if not len(times):
        return None
    series = registers_of(readings)
    meters = [meter for meter in as_shown(archive, primary).meters if meter.id in set(series.meters)]
    grid = SlotGrid(starts_at=times[0], minutes=minutes, slots=len(times))
    factors = SlotFactors(archive, [meter.id for meter in meters], grid, primary)
    derived = [interval_columns(meter, series.of(meter.id), grid, factors) for meter in meters]
    return _joined([columns for columns in derived if len(columns)])


def _slots_of(readings: ReadingBlock, minutes: int) -> Times:
    if not len(readings):
        return np.array([], dtype="datetime64[us]")
    first, last = from_numpy(readings.taken_at.min()), from_numpy(readings.taken_at.max())
    return slot_grid(slot_start(first, minutes * 60), last + timedelta(microseconds=1), minutes)


def registers_of(readings: ReadingBlock) -> ReadingSeries:
    """Return every register that intervals are made of; all missing where the file has no such column."""
    meters = sorted(set(readings.meters))
    row_of = {meter: row for row, meter in enumerate(meters)}
    nothing = np.full(len(readings), np.nan)
    return ReadingSeries(
        meters=meters,
        meter_index=np.array([row_of[meter] for meter in readings.meters], dtype=np.int64),
        taken_at=readings.taken_at,
        slot_at=readings.slot_at,
        origin=np.array([NUMBER_OF_ORIGIN[Origin(name)] for name in readings.origins], dtype=np.int16),
        quality=readings.quality,
        values={q: readings.scalars.get(q, nothing) for q in REGISTERS.values()},
    )


def _joined(parts: Sequence[IntervalColumns]) -> IntervalColumns | None:
    """Return the intervals of all meters in one; an energy that a meter does not count is missing."""
    if not parts:
        return None
    names = [name for name in REGISTERS if any(name in part.energies for part in parts)]
    return IntervalColumns(
        meters=[meter for part in parts for meter in part.meters],
        starts_at=np.concatenate([part.starts_at for part in parts]),
        minutes=np.concatenate([part.minutes for part in parts]),
        quality=np.concatenate([part.quality for part in parts]),
        energies={
            name: np.concatenate([part.energies.get(name, np.full(len(part), np.nan)) for part in parts])
            for name in names
        },
        letters={name: np.concatenate([letters_of(part, name) for part in parts]) for name in names},
        methods=[method for part in parts for method in part.methods],
    )
