"""Energy of local days as it is kept: sums of raw intervals, put right by the few that are not actual.

``energy_day`` has a row a meter and day; only slots that do not stand as they were measured are read besides.
On the community level it is kept up to date by the server and lags late changes by up to an hour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

import numpy as np
from numpy.typing import NDArray
from psycopg import sql
from psycopg.rows import TupleRow

from pipeline.model import MeterId, Scope
from pipeline.registry import DEFAULT_ZONE
from pipeline.timegrid import local_day
from storage.database import Connection, storage_errors
from storage.visible import VisibleMeters, visible_meters

Floats = NDArray[np.float64]
ZONE = DEFAULT_ZONE
"""The days of ``energy_day`` are those of one zone (decision record 0013)."""
IMPORT, EXPORT = "import_kwh", "export_kwh"

_DAYS = (
    "SELECT d.meter_id, (d.day_starts_at AT TIME ZONE %(zone)s)::date, d.import_kwh, d.export_kwh, "
    "d.slots_known FROM energy_day AS d WHERE {visible_days} AND d.minutes = %(minutes)s "
    "AND d.day_starts_at >= %(from)s AND d.day_starts_at < %(to)s"
)

_NOT_ACTUAL = (
    "SELECT i.meter_id, i.starts_at, i.quality, i.import_kwh, i.export_kwh FROM interval AS i "
    "WHERE {visible_slots} AND i.minutes = %(minutes)s AND i.starts_at >= %(from)s "
    "AND i.starts_at < %(to)s AND (i.quality <> 'A' OR (i.meter_id = ANY(%(exporting)s) "
    "AND i.export_kwh IS NULL)) AND NOT EXISTS ("
    "SELECT FROM interval AS later WHERE later.meter_id = i.meter_id "
    "AND later.starts_at = i.starts_at AND later.minutes = i.minutes AND later.version > i.version)"
)

_REPLACED = (
    "SELECT i.meter_id, i.starts_at, i.quality, i.import_kwh, i.export_kwh, f.energy, f.value, f.quality "
    "FROM (SELECT DISTINCT ON (meter_id, starts_at, energy) i.* FROM final_interval AS i "
    "WHERE {visible_slots} AND minutes = %(minutes)s AND starts_at >= %(from)s "
    "AND starts_at < %(to)s AND energy = ANY(%(energies)s) "
    "ORDER BY meter_id, starts_at, energy, version DESC) AS f "
    "JOIN interval AS i ON i.meter_id = f.meter_id AND i.starts_at = f.starts_at AND i.minutes = f.minutes "
    "WHERE (f.edited OR f.raw_version = i.version) AND NOT EXISTS ("
    "SELECT FROM interval AS later WHERE later.meter_id = i.meter_id "
    "AND later.starts_at = i.starts_at AND later.minutes = i.minutes AND later.version > i.version)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyDays:
    """What counts of each meter and local day: arrays of shape (meters, days)."""

    kwh: Floats
    """Import of actual slots, NaN without any."""
    export_kwh: Floats
    """Export in the same slots; NaN where one of them does not have it."""
    slots: Floats
    """How many slots are actual."""


def energy_days(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    *,
    scope: Scope,
    first: date,
    days: int,
    minutes: int,
    meters: Sequence[MeterId],
) -> EnergyDays:
    """Return the energy of so many local days (:data:`ZONE`) of ``meters``, in this order.

    The same as summing up slots: final values count where they stand, and of all only what is actual.
    A day in which a meter came to the scope, or left it, has no energy: its sum is of two places.

    Raises:
        StorageError: If the database is away or refuses.
    """
    shape = len(meters), days
    visible = visible_meters(connection, meters, scope=scope)
    ask = _within(visible)
    place = _Place(visible.number_of, meters, first, days)
    begins, ends = local_day(first, ZONE)[0], local_day(date.fromordinal(first.toordinal() + days), ZONE)[0]
    asked: dict[str, object] = {
        **visible.bound,
        "minutes": minutes,
        "from": begins,
        "to": ends,
        "zone": ZONE.key,
        "energies": [IMPORT, EXPORT],
    }
    kwh, export, slots = np.zeros((3, *shape))
    exports = np.zeros(shape, np.bool_)
    with storage_errors("reading the energy of days"), connection.cursor(binary=True) as cursor:
        for meter, day, own_kwh, own_export, known in cursor.execute(ask(_DAYS), asked):
            cell = place.of_day(meter, day)
            kwh[cell], slots[cell] = own_kwh or 0.0, known
            export[cell], exports[cell] = own_export or 0.0, own_export is not None
        rows = np.flatnonzero(exports.any(axis=1))
        exporting = [visible.number_of[meters[row]] for row in rows.tolist()]
        replaced = _slots_of(cursor.execute(ask(_NOT_ACTUAL), {**asked, "exporting": exporting}).fetchall())
        for row in cursor.execute(ask(_REPLACED), asked):
            replaced.setdefault(row[:2], _Slot.raw(row)).put(*row[5:])
    for (meter, starts_at), slot in replaced.items():
        cell = place.of_day(meter, starts_at.astimezone(ZONE).date())
        kwh[cell] += slot.change(slot.kwh, slot.raw_kwh)
        export[cell] += slot.change(slot.export_kwh, slot.raw_export_kwh)
        slots[cell] += slot.is_actual - (slot.raw_kwh is not None)
        exports[cell] &= not slot.is_actual or slot.export_kwh is not None
    return EnergyDays(
        kwh=np.where(slots > 0, kwh, np.nan),
        export_kwh=np.where((slots > 0) & exports, export, np.nan),
        slots=slots,
    )


def _within(visible: VisibleMeters) -> Callable[[LiteralString], sql.Composed]:
    """Return what bounds a query to the local days in which the meters hung in the scope only."""
    days = visible.during(
        "d",
        first="d.day_starts_at",
        after="(d.day_starts_at AT TIME ZONE %(zone)s + INTERVAL '1 day') AT TIME ZONE %(zone)s",
    )
    slots = visible.during(
        "i",
        first="date_trunc('day', i.starts_at, %(zone)s)",
        after="(date_trunc('day', i.starts_at AT TIME ZONE %(zone)s) + INTERVAL '1 day') "
        "AT TIME ZONE %(zone)s",
    )
    return lambda query: sql.SQL(query).format(visible_days=days, visible_slots=slots)


class _Place:
    """Where a meter's day stands."""

    def __init__(
        self, number_of: Mapping[MeterId, int], meters: Sequence[MeterId], first: date, days: int
    ) -> None:
        self._row_of = {number_of[meter]: row for row, meter in enumerate(meters) if meter in number_of}
        self._first, self._days = first.toordinal(), days

    def of_day(self, meter: int, day: date) -> tuple[int, int]:
        return self._row_of[meter], day.toordinal() - self._first


@dataclass(slots=True, kw_only=True)
class _Slot:
    """A slot that does not stand as it was measured: what ``energy_day`` has of it, and what counts."""

    raw_kwh: float | None
    raw_export_kwh: float | None
    letter: str
    kwh: float | None
    export_kwh: float | None

    @classmethod
    def raw(cls, row: TupleRow) -> _Slot:
        letter, kwh, export = row[2:5]
        return cls(raw_kwh=kwh, raw_export_kwh=export, letter=letter, kwh=kwh, export_kwh=export)

    def put(self, energy: str, value: float | None, letter: str) -> None:
        """Let a final value stand; the letter of a slot is that of its import."""
        if energy == IMPORT:
            self.kwh, self.letter = value, letter
        else:
            self.export_kwh = value

    @property
    def is_actual(self) -> bool:
        return self.letter == "A" and self.kwh is not None

    def change(self, counts: float | None, raw: float | None) -> float:
        return (counts or 0.0) * self.is_actual - (raw or 0.0)


def _slots_of(rows: Sequence[TupleRow]) -> dict[tuple[int, datetime], _Slot]:
    return {row[:2]: _Slot.raw(row) for row in rows}
