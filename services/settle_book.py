"""Where a bill's registers and intervals are looked up: files, or the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np

from pipeline.block import ReadingBlock
from pipeline.model import MeterId, Origin, Scope
from pipeline.quantities import Quantity
from pipeline.timegrid import MINUTES_PER_DAY, to_numpy
from services.derive import MINUTES
from storage.database import Connection
from storage.files import series_of
from storage.finals import settled_series
from storage.intervals import IntervalColumns
from storage.readings import ReadingSeries, reading_series

RATES = tuple(Quantity(f"{Quantity.ACTIVE_ENERGY_IMPORT}_t{rate}") for rate in range(1, 7))
"""What a meter counts of active import by rate (费率)."""
REACTIVE = (Quantity.REACTIVE_ENERGY_IMPORT, Quantity.REACTIVE_ENERGY_EXPORT)
"""Lagging and leading; where a meter shows neither, its quadrants are looked at."""
QUADRANTS = tuple(Quantity(f"reactive_energy_q{quadrant}") for quadrant in range(1, 5))
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


@dataclass(frozen=True, slots=True)
class FileBook:
    """What files hold."""

    series: ReadingSeries
    columns: IntervalColumns

    @staticmethod
    def of(readings: ReadingBlock | None, intervals: IntervalColumns, meters: Sequence[MeterId]) -> FileBook:
        """Return the book of the archive's meters in files."""
        return FileBook(_series(readings, meters), intervals)

    def readings(self, meter: MeterId, starts_at: datetime, ends_at: datetime) -> ReadingSeries:
        """Return the readings of registers with ``taken_at`` in ``[starts_at, ends_at)``."""
        own = self.series.of(meter)
        inside = (own.taken_at >= to_numpy(starts_at)) & (own.taken_at < to_numpy(ends_at))
        return ReadingSeries(
            meters=own.meters,
            meter_index=own.meter_index[inside],
            taken_at=own.taken_at[inside],
            slot_at=own.slot_at[inside],
            origin=own.origin[inside],
            quality=own.quality[inside],
            values={q: column[inside] for q, column in own.values.items()},
        )

    midnights = readings

    def intervals(self, meters: Sequence[MeterId], starts_at: datetime, ends_at: datetime) -> IntervalColumns:
        """Return the shortest intervals of these meters that start in ``[starts_at, ends_at)``."""
        names = np.array(self.columns.meters, dtype=object)
        inside = np.isin(names, list(meters)) if len(names) else np.zeros(0, dtype=np.bool_)
        inside &= (self.columns.starts_at >= to_numpy(starts_at)) & (
            self.columns.starts_at < to_numpy(ends_at)
        )
        own = self.columns.take(inside)
        return own.take(own.minutes == own.minutes.min(initial=MINUTES_PER_DAY))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBook:
    """What the database holds."""

    connection: Connection
    scope: Scope

    def readings(self, meter: MeterId, starts_at: datetime, ends_at: datetime) -> ReadingSeries:
        """Return the readings of registers with ``taken_at`` in ``[starts_at, ends_at)``."""
        return reading_series(
            self.connection, WANTED, scope=self.scope, starts_at=starts_at, ends_at=ends_at, meters=[meter]
        )

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
        return settled_series(
            self.connection,
            scope=self.scope,
            starts_at=starts_at,
            ends_at=ends_at,
            minutes=MINUTES,
            meters=meters,
        )


def _series(readings: ReadingBlock | None, meters: Sequence[MeterId]) -> ReadingSeries:
    if readings is not None:
        given = series_of(readings, meters, list(Origin))
        empty = np.full(len(given), np.nan)
        order = np.lexsort((given.taken_at, given.meter_index))
        return ReadingSeries(
            meters=given.meters,
            meter_index=given.meter_index[order],
            taken_at=given.taken_at[order],
            slot_at=given.slot_at[order],
            origin=given.origin[order],
            quality=given.quality[order],
            values={q: given.values.get(q, empty)[order] for q in WANTED},
        )
    never = np.array([], dtype="datetime64[us]")
    return ReadingSeries(
        meters=list(meters),
        meter_index=np.array([], dtype=np.int64),
        taken_at=never,
        slot_at=never,
        origin=np.array([], dtype=np.int16),
        quality=np.array([], dtype=np.int32),
        values={q: np.array([], dtype=np.float64) for q in WANTED},
    )


NEAR = timedelta(hours=1)
"""How far from an edge readings are looked at: as far as a hand read may be taken from it."""
