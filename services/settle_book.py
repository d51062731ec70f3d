"""Where a bill's registers and intervals are looked up: files, or the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.block import ReadingBlock
from pipeline.model import MeterId, Origin, Scope
from pipeline.quantities import QUADRANTS_OF, Quantity
from pipeline.timegrid import MINUTES_PER_DAY, to_numpy
from pipeline.vee_window import IMPORT
from services.derive import MINUTES
from storage.bills import billed_register
from storage.database import Connection
from storage.files import series_of
from storage.finals import settled_series
from storage.intervals import IntervalColumns
from storage.readings import ReadingSeries, reading_series

RATES = tuple(Quantity(f"{Quantity.ACTIVE_ENERGY_IMPORT}_t{rate}") for rate in range(1, 7))
"""What a meter counts of active import by rate (费率)."""
REACTIVE = tuple(QUADRANTS_OF)
"""Lagging and leading; where a meter shows neither, its quadrants are looked at."""
QUADRANTS = tuple(quadrant for parts in QUADRANTS_OF.values() for quadrant in parts)
DEMANDS = (Quantity.MAX_DEMAND_IMPORT, Quantity.MAX_DEMAND_IMPORT_AT)
WANTED = (
    Quantity.ACTIVE_ENERGY_IMPORT,
    *RATES,
    Quantity.ACTIVE_ENERGY_EXPORT,
    *REACTIVE,
    *QUADRANTS,
    *DEMANDS,
)
"""Every register that a bill may be worked out of; all stand in one table."""


NEAR = timedelta(hours=1)
"""How far from an edge readings are looked at: as far as a hand read may be taken from it."""


_Asked: TypeAlias = tuple[tuple[MeterId, ...], datetime, datetime]
"""Of which meters, from when to when."""


class Book(Protocol):
    """What is known of meters."""

    def readings(self, meter: MeterId, starts_at: datetime, ends_at: datetime) -> ReadingSeries:
        """Return the readings of registers with ``taken_at`` in ``[starts_at, ends_at)``."""
        ...

    def midnights(self, meter: MeterId, starts_at: datetime, ends_at: datetime) -> ReadingSeries:
        """Return enough of them to estimate a register in between: one a day will do."""
        ...

    def intervals(self, meters: Sequence[MeterId], starts_at: datetime, ends_at: datetime) -> IntervalColumns:
        """Return the intervals that count and start in ``[starts_at, ends_at)``, of one length."""
        ...

    def billed(self, service_point: str, meter: MeterId, at: datetime) -> Decimal | None:
        """Return the active total up to which a meter was billed at an instant, where one is known."""
        ...


@dataclass(frozen=True, slots=True)
class FileBook:
    """What files hold, meter by meter."""

    _series: Mapping[MeterId, ReadingSeries]
    _columns: Mapping[MeterId, IntervalColumns]

    @staticmethod
    def of(readings: ReadingBlock | None, intervals: IntervalColumns, meters: Sequence[MeterId]) -> FileBook:
        """Return the book of the archive's meters in files."""
        return FileBook(_by_meter(readings, meters), _intervals_by_meter(intervals))

    def readings(self, meter: MeterId, starts_at: datetime, ends_at: datetime) -> ReadingSeries:
        """Return the readings of registers with ``taken_at`` in ``[starts_at, ends_at)``."""
        return _within(self._series.get(meter, _NO_READINGS), starts_at, ends_at)

    midnights = readings

    def intervals(self, meters: Sequence[MeterId], starts_at: datetime, ends_at: datetime) -> IntervalColumns:
        """Return the shortest intervals of these meters that start in ``[starts_at, ends_at)``."""
        found = [
            columns.take((columns.starts_at >= to_numpy(starts_at)) & (columns.starts_at < to_numpy(ends_at)))
            for meter in meters
            if (columns := self._columns.get(meter)) is not None
        ]
        joined = _joined(found)
        return joined.take(joined.minutes == joined.minutes.min(initial=MINUTES_PER_DAY))

    def billed(self, service_point: str, meter: MeterId, at: datetime) -> Decimal | None:
        """Return nothing: files hold no bills."""
        del service_point, meter, at
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBook:
    """What the database holds, for one bill or some: their steps look at the same, which is asked once."""

    connection: Connection
    scope: Scope
    _read: dict[_Asked, ReadingSeries] = field(default_factory=dict, init=False, repr=False)
    _settled: dict[_Asked, IntervalColumns] = field(default_factory=dict, init=False, repr=False)

    def readings(self, meter: MeterId, starts_at: datetime, ends_at: datetime) -> ReadingSeries:
        """Return the readings of registers with ``taken_at`` in ``[starts_at, ends_at)``."""
        for ((of, *_), begins, ends), series in self._read.items():
            if of == meter and begins <= starts_at and ends_at <= ends:
                return _within(series, starts_at, ends_at)
        found = reading_series(
            self.connection, WANTED, scope=self.scope, starts_at=starts_at, ends_at=ends_at, meters=[meter]
        )
        return self._read.setdefault(((meter,), starts_at, ends_at), found)

    def hold_readings(self, meter: MeterId, span: tuple[datetime, datetime], found: ReadingSeries) -> None:
        """Keep what was read ahead of one meter's registers."""
        self._read[(meter,), *span] = found

    def hold_intervals(self, meter: MeterId, span: tuple[datetime, datetime], found: IntervalColumns) -> None:
        """Keep what was read ahead of one meter's intervals."""
        self._settled[(meter,), *span] = found

    def midnights(self, meter: MeterId, starts_at: datetime, ends_at: datetime) -> ReadingSeries:
        """Return freezes and reads by hand alone: of a month of quarter hours the rest tells no more."""
        return reading_series(
            self.connection,
            WANTED,
            scope=self.scope,
            starts_at=starts_at,
            ends_at=ends_at,
            meters=[meter],
            origins=(Origin.SETTLEMENT_FREEZE, Origin.DAILY_FREEZE, Origin.MANUAL),
        )

    def intervals(self, meters: Sequence[MeterId], starts_at: datetime, ends_at: datetime) -> IntervalColumns:
        """Return the final intervals, or the raw ones where nothing stands in for them."""
        asked = (tuple(meters), starts_at, ends_at)
        if asked not in self._settled:
            self._settled[asked] = settled_series(
                self.connection,
                scope=self.scope,
                starts_at=starts_at,
                ends_at=ends_at,
                minutes=MINUTES,
                meters=meters,
            )
        return self._settled[asked]

    def billed(self, service_point: str, meter: MeterId, at: datetime) -> Decimal | None:
        """Return the active total with which the bill before closed."""
        return billed_register(self.connection, service_point, meter, at, scope=self.scope)


def _by_meter(readings: ReadingBlock | None, meters: Sequence[MeterId]) -> dict[MeterId, ReadingSeries]:
    """Return the registers of each meter by time."""
    if readings is None:
        return {}
    given = series_of(readings, meters, list(Origin))
    order = np.lexsort((given.origin, given.taken_at, given.meter_index))
    edges = np.searchsorted(given.meter_index[order], np.arange(len(meters) + 1))
    return {
        meter: rows_of(given, order[first:end])
        for meter, first, end in zip(meters, edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        if end > first
    }


def _within(series: ReadingSeries, starts_at: datetime, ends_at: datetime) -> ReadingSeries:
    """Return one meter's readings with ``taken_at`` in ``[starts_at, ends_at)``."""
    first, end = np.searchsorted(series.taken_at, [to_numpy(starts_at), to_numpy(ends_at)])
    return rows_of(series, np.arange(first, end))


def rows_of(series: ReadingSeries, rows: NDArray[np.intp]) -> ReadingSeries:
    """Return some of the readings."""
    empty = np.full(len(series), np.nan)
    return ReadingSeries(
        meters=series.meters,
        meter_index=series.meter_index[rows],
        taken_at=series.taken_at[rows],
        slot_at=series.slot_at[rows],
        origin=series.origin[rows],
        quality=series.quality[rows],
        values={q: series.values.get(q, empty)[rows] for q in WANTED},
    )


def _intervals_by_meter(intervals: IntervalColumns) -> dict[MeterId, IntervalColumns]:
    """Return the intervals of each meter by time, so that sums are the same whatever the file's order."""
    names, codes = np.unique(np.array(intervals.meters, dtype=object), return_inverse=True)
    order = np.lexsort((intervals.starts_at, codes))
    edges = np.searchsorted(codes[order], np.arange(len(names) + 1))
    return {
        meter: _taken(intervals, order[edges[place] : edges[place + 1]])
        for place, meter in enumerate(names.tolist())
    }


def _taken(intervals: IntervalColumns, rows: NDArray[np.intp]) -> IntervalColumns:
    return IntervalColumns(
        meters=[intervals.meters[row] for row in rows.tolist()],
        starts_at=intervals.starts_at[rows],
        minutes=intervals.minutes[rows],
        quality=intervals.quality[rows],
        energies={name: energy[rows] for name, energy in intervals.energies.items()},
    )


def _joined(parts: Sequence[IntervalColumns]) -> IntervalColumns:
    """Return intervals of several meters of one file together."""
    return IntervalColumns(
        meters=[meter for part in parts for meter in part.meters],
        starts_at=np.concatenate([_NEVER, *(part.starts_at for part in parts)]),
        minutes=np.concatenate([np.array([], dtype=np.int16), *(part.minutes for part in parts)]),
        quality=np.concatenate([np.array([], dtype="U1"), *(part.quality for part in parts)]),
        energies={
            name: np.concatenate([np.array([]), *(part.energies[name] for part in parts)])
            for name in (parts[0].energies if parts else (IMPORT,))
        },
    )


_NEVER = np.array([], dtype="datetime64[us]")
_NO_READINGS = ReadingSeries(
    meters=(),
    meter_index=np.array([], dtype=np.int64),
    taken_at=_NEVER,
    slot_at=_NEVER,
    origin=np.array([], dtype=np.int16),
    quality=np.array([], dtype=np.int32),
    values={q: np.array([], dtype=np.float64) for q in WANTED},
)
