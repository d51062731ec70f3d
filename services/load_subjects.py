"""Turns energies of meters into subjects of load: meters, service points, areas, categories, total groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.load.problems import LoadProblem, without_odd_slots
from analysis.load.summary import Subject, SubjectKind
from pipeline.block import MeterMatrix, Times
from pipeline.errors import DataError
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Registry
from pipeline.timegrid import from_numpy, slot_grid
from services.point_energies import PointEnergy, point_energies, total_energies

Floats = NDArray[np.float64]
ENERGIES = ("export_kwh", "export_kvarh")
"""The energies that load wants beside import and its reactive energy."""
NOTHING = "N"
OTHERS = ("export_kwh", "lagging_kvarh", "leading_kvarh")
"""Fields of a :class:`Subject` beside import."""
PHASE_POWERS = (Quantity.ACTIVE_POWER_A, Quantity.ACTIVE_POWER_B, Quantity.ACTIVE_POWER_C)
Letters = NDArray[np.str_]
Told: TypeAlias = tuple[Letters, dict[str, Floats]]
"""The quality letters of a subject's slots, and its energies by field."""


@dataclass(frozen=True, kw_only=True)
class Energies:
    """The energies of meters in the slots that fill a span: each of shape (meters, slots)."""

    meters: Sequence[MeterId]
    starts_at: Times
    minutes: int
    quality: NDArray[np.str_]
    columns: Mapping[str, Floats]
    """By the fields of :class:`Subject`; a column that no meter has is not there."""
    phases_kw: Floats | None = None
    """Active power of the phases at the slots' starts, shape (3, meters, slots), secondary side."""
    problems: Mapping[str, Sequence[LoadProblem]] = field(default_factory=dict)
    """What is odd about the energies of meters."""

    def span(self) -> tuple[datetime, datetime]:
        """Return when the first slot begins and the last one ends."""
        return from_numpy(self.starts_at[0]), from_numpy(
            self.starts_at[-1] + np.timedelta64(self.minutes * 60_000_000, "us")
        )

    @cached_property
    def row_of(self) -> dict[MeterId, int]:
        """The row of each meter."""
        return {meter: row for row, meter in enumerate(self.meters)}


def energies_of(matrix: MeterMatrix, span: tuple[datetime, datetime]) -> Energies:
    """Return a matrix's energies in the slots of a span, whatever the matrix holds of it.

    Raises:
        DataError: If the span does not begin with a slot.
    """
    starts_at = slot_grid(*span, matrix.minutes)
    if not len(starts_at) or from_numpy(starts_at[0]) != span[0]:
        raise DataError(
            f"slots of {matrix.minutes} min do not begin at {span[0].isoformat()}: "
            "expected a span that begins with one of them"
        )
    place = ((matrix.starts_at - starts_at[0]) // np.timedelta64(matrix.minutes, "m")).astype(np.int64)
    inside = (place >= 0) & (place < len(starts_at))

    def laid(column: Floats) -> Floats:
        filled = np.full((len(matrix.meters), len(starts_at)), np.nan)
        filled[:, place[inside]] = column[:, inside]
        return filled

    matrix, problems = without_odd_slots(matrix, inside)
    given = {
        "import_kwh": matrix.import_kwh,
        "export_kwh": matrix.energies.get("export_kwh"),
        "lagging_kvarh": matrix.import_kvarh,
        "leading_kvarh": matrix.energies.get("export_kvarh"),
    }
    phases = [matrix.values[q] for q in PHASE_POWERS if q in matrix.values]
    quality = np.full((len(matrix.meters), len(starts_at)), NOTHING, dtype="U1")
    quality[:, place[inside]] = matrix.quality[:, inside]
    return Energies(
        meters=matrix.meters,
        starts_at=starts_at,
        minutes=matrix.minutes,
        quality=quality,
        columns={name: laid(column) for name, column in given.items() if column is not None},
        phases_kw=np.stack([laid(column.astype(np.float64)) for column in phases])
        if len(phases) == len(PHASE_POWERS)
        else None,
        problems=problems,
    )


def meter_subjects(energies: Energies, registry: Registry) -> Iterator[Subject]:
    """Yield each meter of which something is known; its days are those of where it hung last."""
    span = energies.span()
    for row, meter in enumerate(energies.meters):
        if np.isfinite(energies.columns["import_kwh"][row]).any():
            zone = registry.zone_within(meter, *span)
            columns = {name: column[row] for name, column in energies.columns.items()}
            yield _subject(SubjectKind.METER, meter, zone, energies, (energies.quality[row], columns))


def point_subjects(energies: Energies, registry: Registry) -> Iterator[Subject]:
    """Yield each service point of whose meters something is known, main meters less those to subtract."""
    for name, told in _by_name(energies, partial(point_energies, registry, energies)).items():
        yield _subject(SubjectKind.SERVICE_POINT, name, registry.zone_of(name), energies, told)


def total_subjects(energies: Energies, registry: Registry) -> Iterator[Subject]:
    """Yield each totalising group (总加组) all of whose meters are there; its days are its first meter's."""
    first = {member.total: member.meter for member in reversed(registry.total_members)}
    span = energies.span()
    for name, told in _by_name(energies, partial(total_energies, registry, energies)).items():
        yield _subject(SubjectKind.TOTAL, name, registry.zone_within(first[name], *span), energies, told)


def _by_name(
    energies: Energies, added: Callable[[Floats, Letters], Sequence[PointEnergy]]
) -> dict[str, Told]:
    """Return the letters and energies of everything that ``added`` makes of the meters' energies."""
    found: dict[str, Told] = {}
    for point in added(energies.columns["import_kwh"], energies.quality):
        if np.isfinite(point.kwh).any():
            found[point.name] = point.quality, {"import_kwh": point.kwh}
    for column in energies.columns.keys() - {"import_kwh"}:
        for point in added(_filled(energies, column), energies.quality):
            # What no meter of it counts came out as nothing but zeros, save lagging energy, which is NaN.
            counted = np.isfinite(point.kwh) if column == "lagging_kvarh" else np.nan_to_num(point.kwh)
            if point.name in found and counted.any():
                found[point.name][1][column] = point.kwh
    return found


def _filled(energies: Energies, field: str) -> Floats:
    """Return an energy with zeros for meters that do not count it, where that means that there is none.

    Reactive energy that a meter does not count at all is not known.
    """
    column = energies.columns[field]
    uncounted = np.isfinite(column).sum(axis=1) == 0
    if field == "lagging_kvarh":
        return column
    if field == "leading_kvarh":
        lagging = energies.columns.get("lagging_kvarh", column)
        uncounted &= np.isfinite(lagging).any(axis=1)
    return np.where(uncounted[:, None], 0.0, column)


def _subject(kind: SubjectKind, name: str, zone: ZoneInfo, energies: Energies, told: Told) -> Subject:
    quality, columns = told
    others = {
        field: columns[field] if field in columns and np.isfinite(columns[field]).any() else None
        for field in OTHERS
    }
    return Subject(
        kind=kind,
        name=name,
        zone=zone,
        starts_at=energies.starts_at,
        minutes=energies.minutes,
        quality=quality,
        import_kwh=columns["import_kwh"],
        **others,
    )
