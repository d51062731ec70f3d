"""Gathers what is known of service points' months for the power-quality checks, stored or in files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.power_quality.assembly import Given, Month, Shown, main_stays, point_month
from analysis.power_quality.neighbours import with_neighbours
from analysis.power_quality.point_month import Columns, PointMonth
from analysis.power_quality.recorded import Recorded
from pipeline.block import ReadingBlock
from pipeline.errors import ConfigError, DataError
from pipeline.model import DOUBTED, MeterId, Origin, Scope
from pipeline.quantities import QUANTITIES_OF, Group, Kind, Quantity
from pipeline.records import Records
from pipeline.registry import Registry
from pipeline.timegrid import local_month, to_numpy
from services.waveform_records import waveform_record
from storage.columns import NUMBER_OF_ORIGIN
from storage.database import Connection
from storage.detector_records import block_values, event_records, single_readings
from storage.doubtful import Doubtful, doubtful_values
from storage.files import read_readings
from storage.matrices import PREFERENCE
from storage.meter_parameters import parameter_readings
from storage.readings import ReadingSeries, reading_series
from storage.record_files import read_events, read_parameters
from storage.spectra import SPECTRA, SpectrumSeries, spectrum_matrix, spectrum_series
from storage.waveform_records import WaveformRecord, waveform_records

ELECTRICAL = tuple(q for q in QUANTITIES_OF[Group.ELECTRICAL] if q.kind is Kind.REAL)
STATISTICS = QUANTITIES_OF[Group.STATISTICS]
POINTS_AT_A_TIME = 50
_RANK = {NUMBER_OF_ORIGIN[origin]: rank for rank, origin in enumerate(PREFERENCE)}


def month_of(archive: Registry, service_point: str, first: date, now: datetime) -> Month:
    """Return a local month of a service point."""
    starts_at, ends_at = local_month(first.year, first.month, archive.zone_of(service_point))
    return Month(first=first.replace(day=1), starts_at=starts_at, ends_at=ends_at, now=now)


def points_of(archive: Registry, wanted: Sequence[str] | None = None) -> list[str]:
    """Return the service points with a main meter, and meters that stand alone; or those that are wanted.

    Raises:
        ConfigError: If a wanted one is not in the archive.
    """
    known = [point.id for point in archive.service_points]
    placed = {stay.meter for stay in archive.installations if stay.service_point is not None}
    alone = [str(meter.id) for meter in archive.meters if meter.id not in placed]
    every = [*known, *alone]
    if wanted is None:
        return every
    missing = sorted(set(wanted) - set(every))
    if missing:
        raise ConfigError(f"{', '.join(missing)}: not in the archive; it has {', '.join(every[:10])} ...")
    return list(dict.fromkeys(wanted))


def months_of_files(  # noqa: PLR0913 - one question with all that bounds it
    archive: Registry,
    first: date,
    now: datetime,
    *,
    readings: Path,
    events: Path | None = None,
    parameters: Path | None = None,
    waveforms: Sequence[Path] = (),
    wanted: Sequence[str] | None = None,
    primary: frozenset[str] = frozenset(),
) -> Iterator[PointMonth]:
    """Yield the month of each service point of which a file of readings holds something.

    Raises:
        DataError: If a file cannot be understood; names row and column.
        ConfigError: If a wanted point is not in the archive, or waveforms are given for several points.
    """
    points = points_of(archive, wanted)
    records = records_of(waveforms, archive, first, wanted)
    read = read_readings(readings)
    told = Records(
        events=() if events is None else read_events(events),
        parameters=() if parameters is None else read_parameters(parameters),
        readings=block_values(read, STATISTICS),
    )
    electrical, spectra = _shown_in(read)
    given = Given(
        electrical=electrical, spectra=spectra, told=told, recorded=_by_point(records), primary=primary
    )
    months = [point_month(archive, point, month_of(archive, point, first, now), given) for point in points]
    yield from _known(archive, months, wanted)


def months_stored(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    archive: Registry,
    first: date,
    now: datetime,
    *,
    scope: Scope,
    wanted: Sequence[str] | None = None,
    primary: frozenset[str] = frozenset(),
) -> Iterator[PointMonth]:
    """Yield the month of each service point that has readings, some points at a time, area by area.

    Raises:
        ConfigError: If a wanted point is not in the archive.
        StorageError: If the database is away or refuses.
    """
    area_of = {point.id: point.area or "" for point in archive.service_points}
    points = sorted(points_of(archive, wanted), key=lambda point: area_of.get(point, ""))
    for begin in range(0, len(points), POINTS_AT_A_TIME):
        some = {
            point: month_of(archive, point, first, now) for point in points[begin : begin + POINTS_AT_A_TIME]
        }
        meters = sorted({s.meter for point, month in some.items() for s in main_stays(archive, point, month)})
        span = min(m.starts_at for m in some.values()), max(m.due_until for m in some.values())
        records = waveform_records(
            connection, scope=scope, starts_at=span[0], ends_at=span[1], service_points=list(some)
        )
        told = _stored(connection, meters, span, scope, now)
        given = replace(told, recorded=_by_point(records), primary=primary)
        months = [point_month(archive, point, month, given) for point, month in some.items()]
        yield from _known(archive, months, wanted)


def records_of(
    paths: Sequence[Path], archive: Registry, first: date, wanted: Sequence[str] | None
) -> list[WaveformRecord]:
    """Return what records that were taken at the one wanted point in the month of ``first`` tell.

    Raises:
        ConfigError: If records are given for several points, or for one that is not in the archive.
        DataError: If a file cannot be read, does not say when it began, or is of another month; names it.
    """
    if not paths:
        return []
    if wanted is None or len(wanted) != 1:
        raise ConfigError("a waveform was recorded at one point: name it with --point")
    (point,) = points_of(archive, wanted)
    zone = archive.zone_of(point)
    starts_at, ends_at = local_month(first.year, first.month, zone)
    records = [waveform_record(path, point, zone) for path in paths]
    for record in records:
        if record.ends_at < starts_at or record.starts_at >= ends_at:
            began = record.starts_at.astimezone(zone)
            raise DataError(
                f"{record.name} was recorded on {began:%Y-%m-%d} and says nothing of {first:%Y-%m}: "
                f"judge its own month with --month {began:%Y-%m}"
            )
    return records


def _by_point(records: Sequence[WaveformRecord]) -> dict[str, list[Recorded]]:
    found: defaultdict[str, list[Recorded]] = defaultdict(list)
    for record in records:
        found[record.service_point].append(record.recorded)
    return found


def _known(
    archive: Registry, months: Sequence[PointMonth | None], wanted: Sequence[str] | None
) -> Iterator[PointMonth]:
    """Yield the months of which something is known, or which are wanted by name, with their neighbours."""
    found = with_neighbours(
        [month for month in months if month is not None],
        {point.id: point.area for point in archive.service_points},
    )
    for month in found:
        if wanted is not None or len(month.taken_at) or len(month.spectrum_at) or month.recorded.names:
            yield month


def _stored(
    connection: Connection,
    meters: Sequence[MeterId],
    span: tuple[datetime, datetime],
    scope: Scope,
    now: datetime,
) -> Given:
    starts_at, ends_at = span
    series = reading_series(
        connection,
        ELECTRICAL,
        scope=scope,
        starts_at=starts_at,
        ends_at=ends_at,
        meters=meters,
        origins=PREFERENCE,
    )
    doubts = {
        group: doubtful_values(
            connection,
            quantities,
            scope=scope,
            starts_at=starts_at,
            ends_at=ends_at,
            meters=meters,
            masks=DOUBTED,
        )
        for group, quantities in ((Group.ELECTRICAL, ELECTRICAL), (Group.SPECTRUM, SPECTRA))
    }
    spectra = spectrum_series(connection, scope=scope, starts_at=starts_at, ends_at=ends_at, meters=meters)
    told = Records(
        events=event_records(connection, scope=scope, ends_at=ends_at, meters=meters),
        readings=single_readings(
            connection, STATISTICS, scope=scope, starts_at=starts_at, ends_at=ends_at, meters=meters
        ),
        # A counter that was read after the month as it stood before it has not moved in it.
        parameters=parameter_readings(connection, scope=scope, ends_at=max(now, ends_at), meters=meters),
    )
    return Given(
        electrical={
            m: _believed(m, _electrical(series.of(m)), doubts[Group.ELECTRICAL]) for m in series.meters
        },
        spectra={m: _believed(m, _spectra(own), doubts[Group.SPECTRUM]) for m, own in spectra.items()},
        told=told,
    )


def _electrical(series: ReadingSeries) -> Shown:
    return Shown(
        taken_at=series.taken_at,
        slot_at=series.slot_at,
        preference=_ranks(series.origin),
        values={q: column for q, column in series.values.items() if np.isfinite(column).any()},
    )


def _spectra(series: SpectrumSeries) -> Shown:
    return Shown(
        taken_at=series.taken_at,
        slot_at=np.full(len(series.taken_at), np.datetime64("NaT", "us")),
        preference=_ranks(series.origin),
        values=series.values,
    )


def _ranks(origins: NDArray[np.int16]) -> NDArray[np.int64]:
    return np.array([_RANK.get(origin, len(_RANK)) for origin in origins.tolist()], dtype=np.int64)


def _believed(meter: MeterId, shown: Shown, doubts: Sequence[Doubtful]) -> Shown:
    """Return what a meter showed without the values that their flags cast doubt on."""
    doubted: dict[Quantity, list[np.datetime64]] = defaultdict(list)
    for doubt in doubts:
        if doubt.meter == meter and doubt.quantity in shown.values:
            doubted[doubt.quantity].append(to_numpy(doubt.taken_at))
    values = dict(shown.values)
    for quantity, instants in doubted.items():
        column = values[quantity] = values[quantity].copy()
        column[np.isin(shown.taken_at, instants)] = np.nan
    return replace(shown, values=values)


def _shown_in(read: ReadingBlock) -> tuple[Mapping[MeterId, Shown], Mapping[MeterId, Shown]]:
    """Return each meter's electrical values and spectra in a file of readings."""
    scalars = {q: column for q, column in read.scalars.items() if q in ELECTRICAL}
    matrices = {q: spectrum_matrix(cells) for q, cells in read.arrays.items() if q.kind is Kind.SPECTRUM}
    return _by_meter(read, scalars), _by_meter(read, matrices)


def _by_meter(read: ReadingBlock, columns: Mapping[Quantity, Columns]) -> dict[MeterId, Shown]:
    origins = np.array([NUMBER_OF_ORIGIN[Origin(name)] for name in read.origins], dtype=np.int16)
    given = np.zeros(len(read), dtype=np.bool_)
    for column in columns.values():
        given |= np.isfinite(column.reshape(len(read), -1)).any(axis=1)
    kept = np.flatnonzero(given & np.isin(origins, list(_RANK)))
    names, meter_of = np.unique(np.array(read.meters, dtype=np.str_)[kept], return_inverse=True)
    parts = np.split(kept[np.argsort(meter_of, kind="stable")], np.cumsum(np.bincount(meter_of))[:-1])
    return {
        MeterId(name): Shown(
            taken_at=read.taken_at[rows],
            slot_at=read.slot_at[rows],
            preference=_ranks(origins[rows]),
            values={q: column[rows] for q, column in columns.items() if np.isfinite(column[rows]).any()},
        )
        for name, rows in zip(names.tolist(), parts, strict=False)
    }
