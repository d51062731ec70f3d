"""Energy registers at the end of local days: a day's freeze, or the first reading after midnight."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.daily_rows import DailyRows
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.timegrid import local_clock
from storage.columns import NUMBER_OF_ORIGIN
from storage.matrices import REGISTER_PREFERENCE
from storage.readings import ReadingSeries


def registers_at_day_ends(
    readings: ReadingSeries, meters: Sequence[MeterId], daily: DailyRows, minutes: int
) -> dict[Quantity, NDArray[np.float64]]:
    """Return the registers that closed each day, shape (meters, days): all of one day are of one reading.

    A reading closes the day before if it was taken less than ``minutes`` after local midnight. What the
    chosen reading lacks is missing: registers of two readings are never compared.
    """
    shape = (len(meters), len(daily.days))
    values = {q: np.full(shape, np.nan) for q in readings.values}
    if not len(readings):
        return values
    row_of = {meter: row for row, meter in enumerate(meters)}
    rows = np.array([row_of.get(m, -1) for m in readings.meters], dtype=np.int64)[readings.meter_index]
    at = np.where(np.isnat(readings.slot_at), readings.taken_at, readings.slot_at)
    day, minute = _clocks(at, rows, daily.zones)
    columns = day - 1 - int(daily.days[0].astype(np.int64))
    rank = np.full(max(NUMBER_OF_ORIGIN.values()) + 1, len(REGISTER_PREFERENCE))
    for place, origin in enumerate(REGISTER_PREFERENCE):
        rank[NUMBER_OF_ORIGIN[origin]] = place
    # The best comes last, since of several readings assigned to one day the last one stays.
    order = np.lexsort((at, rank[readings.origin]))[::-1]
    fits = (rows >= 0) & (minute < minutes) & (columns >= 0) & (columns < shape[1])
    order = order[fits[order] & (rank[readings.origin][order] < len(REGISTER_PREFERENCE))]
    chosen = np.full(shape, -1, dtype=np.int64)
    chosen[rows[order], columns[order]] = order
    cells = np.nonzero(chosen >= 0)
    for quantity, column in readings.values.items():
        values[quantity][cells] = column[chosen[cells]]
    return values


def _clocks(
    at: NDArray[np.datetime64], rows: NDArray[np.int64], zones: Sequence[ZoneInfo]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each reading's local day and minute in the zone of its meter."""
    day, minute = np.zeros((2, len(at)), dtype=np.int64)
    zone_of = np.array([list(dict.fromkeys(zones)).index(zone) for zone in zones], dtype=np.int64)
    for number, zone in enumerate(dict.fromkeys(zones)):
        own = (rows >= 0) & (zone_of[rows] == number)
        day[own], minute[own] = local_clock(at[own], zone)
    return day, minute
