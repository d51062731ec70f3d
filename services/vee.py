"""Validates and estimates intervals (VEE) out of files: findings, final intervals, bills they touch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.bills import TouchedBill, touched_bills
from pipeline.errors import DataError
from pipeline.registry import Registry
from pipeline.validation import Validated, validate
from pipeline.vee import FinalIntervals, finalise
from pipeline.vee_limits import LIMITS
from pipeline.vee_window import IMPORT, Finding, Mask, VeeWindow
from services.derive import MINUTES
from services.detect_files import intervals_of, registers_of
from services.point_energies import CheckedPoint, PointEnergy, checked_points, point_energies, total_energies
from services.settings import load_settings
from services.vee_edges import KnownEdges
from services.vee_windows import vee_windows
from services.wiring import primary_profiles
from storage.files import read_intervals, read_readings
from storage.final_columns import FinalColumns
from storage.final_files import write_finals
from storage.intervals import IntervalColumns
from storage.reading_files import check_reading_file
from storage.registry_files import read_registry

STEPS = 4
AUTHOR = "kilowatch"
"""Who made a final interval that no person made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VeeResult:
    """What one run found and made."""

    findings: Sequence[Finding]
    unchecked: dict[str, tuple[str, ...]]
    """Rules that could not be judged, and what they want."""
    finals: Mapping[str, FinalColumns]
    """By energy."""
    points: Sequence[PointEnergy]
    """Service points and totalising groups, each with its own slots."""
    checked: Sequence[CheckedPoint]
    """Main meters beside which a check meter hangs."""
    bills: Sequence[TouchedBill]
    """Bills that are no longer what they were before; empty where nothing came before."""


def vee_files(  # noqa: PLR0913 - the files of one run
    *,
    readings: Path | None,
    intervals: Path | None,
    registry: Path,
    out: Path,
    before: Path | None = None,
    begin: Callable[[str], None] = lambda _step: None,
) -> VeeResult:
    """Write the final intervals to ``out`` and return them with what the rules found.

    Where no intervals are given they are derived from the registers among the readings; where both are, the
    registers are what the intervals are checked against. ``before`` holds what an earlier run gave out. The
    end of the data stands for the present, so that the same files give the same result on any day.

    Raises:
        DataError: If a file cannot be understood (names row and column), or there is nothing to look at.
        RegistryError: With every problem of the archive.
        ConfigError: If ``out`` cannot be written.
    """
    check_reading_file(out)
    begin("reading")
    archive = read_registry(registry)
    primary = primary_profiles(load_settings())
    block = None if readings is None else read_readings(readings)
    given = None if intervals is None else read_intervals(intervals)
    earlier = None if before is None else read_intervals(before)
    minutes = MINUTES if given is None or not len(given) else _usual_minutes(given)
    measured = None if block is None else intervals_of(block, archive, primary, minutes)
    raw = measured if given is None else given
    if raw is None or not len(raw):
        raise DataError("there are no intervals, nor registers of known meters to derive them from")
    begin("checking and estimating")
    beside = (None, None) if given is None else (measured, block)
    windows: Iterable[VeeWindow] = vee_windows(
        archive, raw, minutes, primary, measured=beside[0], registers=beside[1], finals=earlier
    )
    if block is not None:
        known = KnownEdges(archive, registers_of(block), primary)
        windows = map(known.on, windows)
    result = vee(archive, windows, earlier)
    begin("writing")
    write_finals(out, result.finals)
    begin("done")
    return result


def vee(registry: Registry, windows: Iterable[VeeWindow], before: IntervalColumns | None = None) -> VeeResult:
    """Return what the rules say of ``windows``, and the final intervals; ``before`` was given out earlier."""
    findings: list[Finding] = []
    unchecked: dict[str, tuple[str, ...]] = {}
    parts: dict[str, list[FinalColumns]] = defaultdict(list)
    points: list[PointEnergy] = []
    checked: list[CheckedPoint] = []
    for window in windows:
        validated: Validated = validate(window)
        findings += validated.findings
        unchecked |= validated.unchecked
        until = window.starts_at[-1] - np.timedelta64(LIMITS.final_after_days, "D")
        final = finalise(window, final_before=until)
        parts[window.energy].append(final_columns(window, final))
        if window.energy == IMPORT:
            points += point_energies(registry, window, final.kwh, final.quality)
            points += total_energies(registry, window, final.kwh, final.quality)
            checked += checked_points(registry, window)
    if not parts:
        raise DataError("the registry knows none of the meters that have intervals: check the meters' ids")
    finals = {energy: _joined(of_energy) for energy, of_energy in parts.items()}
    bills = [] if before is None else _touched(registry, finals, before)
    return VeeResult(
        findings=findings,
        unchecked=unchecked,
        finals=finals,
        points=points,
        checked=checked,
        bills=bills,
    )


def hung(window: VeeWindow) -> Mask:
    """Return the slots in which a meter hung somewhere, or counted all the same."""
    if window.installed is None:
        return np.ones(window.kwh.shape, dtype=np.bool_)
    return window.installed | np.isfinite(window.kwh)


def final_columns(window: VeeWindow, final: FinalIntervals, wanted: Mask | None = None) -> FinalColumns:
    """Return the wanted slots as columns, by meter and time; None for those of :func:`hung`."""
    kept = hung(window) if wanted is None else wanted
    rows, slots = np.nonzero(kept)
    cells = rows, slots
    return FinalColumns(
        meters=[window.meters[row] for row in rows.tolist()],
        starts_at=window.starts_at[slots],
        minutes=np.full(len(rows), window.minutes, dtype=np.int16),
        energy=window.energy,
        amounts=final.kwh[cells],
        quality=final.quality[cells],
        raw_amounts=window.kwh[cells],
        raw_quality=window.quality[cells],
        method=final.method[cells].tolist(),
        reason=final.reason[cells].tolist(),
        author=[AUTHOR if method else "" for method in final.method[cells].tolist()],
    )


def _usual_minutes(intervals: IntervalColumns) -> int:
    lengths, counts = np.unique(intervals.minutes, return_counts=True)
    return int(lengths[counts.argmax()])


def _joined(parts: Sequence[FinalColumns]) -> FinalColumns:
    return FinalColumns(
        energy=parts[0].energy,
        meters=[meter for part in parts for meter in part.meters],
        starts_at=np.concatenate([part.starts_at for part in parts]),
        minutes=np.concatenate([part.minutes for part in parts]),
        amounts=np.concatenate([part.amounts for part in parts]),
        quality=np.concatenate([part.quality for part in parts]),
        raw_amounts=np.concatenate([part.raw_amounts for part in parts]),
        raw_quality=np.concatenate([part.raw_quality for part in parts]),
        method=[text for part in parts for text in part.method],
        reason=[text for part in parts for text in part.reason],
        author=[text for part in parts for text in part.author],
    )


def _touched(
    registry: Registry, finals: Mapping[str, FinalColumns], before: IntervalColumns
) -> list[TouchedBill]:
    """Return the bills that differ; slots that only one of the two knows were or are missing."""
    keys = list(zip(before.meters, before.starts_at.tolist(), strict=True))
    bills: list[TouchedBill] = []
    for energy, now in finals.items():
        if energy not in before.energies:
            continue
        was = dict(zip(keys, before.energies[energy].tolist(), strict=True))
        slots = zip(now.meters, now.starts_at.tolist(), strict=True)
        earlier = np.array([was.get(slot, np.nan) for slot in slots], dtype=np.float64)
        bills += touched_bills(registry, now.meters, now.starts_at, earlier, now.amounts, energy)
    return bills
