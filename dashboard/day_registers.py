"""The registers that closed each local day (日冻结示值): its freeze, or the first reading after midnight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from pipeline.model import MeterId, Origin, Scope
from pipeline.quantities import Quantity
from storage.columns import ORIGIN_OF_NUMBER
from storage.database import Connection
from storage.matrices import REGISTER_PREFERENCE
from storage.readings import ReadingSeries, reading_series

AFTER_MIDNIGHT_MIN = 60
"""A reading up to so many minutes after midnight may stand in for the freeze."""
BASES = (
    Quantity.ACTIVE_ENERGY_IMPORT,
    Quantity.ACTIVE_ENERGY_EXPORT,
    Quantity.REACTIVE_ENERGY_IMPORT,
    Quantity.REACTIVE_ENERGY_EXPORT,
)
RATES = range(1, 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedDay:
    """What the registers showed as a local day ended, on the meter's own side."""

    day: date
    taken_at: datetime
    origin: Origin
    values: Mapping[Quantity, float]
    used_kwh: float | None
    """What the total rose by since the day before was closed; None where that is not known or it fell."""


def registers_of(base: Quantity) -> list[Quantity]:
    """Return a register and its rates."""
    return [base, *(Quantity(f"{base}_t{rate}") for rate in RATES)]


def closed_days(  # noqa: PLR0913 - one question with all that bounds it
    connection: Connection,
    meter: MeterId,
    base: Quantity,
    *,
    scope: Scope,
    last: date,
    days: int,
    zone: ZoneInfo,
) -> list[ClosedDay]:
    """Return the days up to ``last`` whose registers are known, the newest first.

    Raises:
        StorageError: If the database is away or refuses.
    """
    # A day is closed after its midnight, and the one before the first tells what the first rose by.
    begin = datetime.combine(last - timedelta(days=days), datetime.min.time(), zone)
    end = datetime.combine(last + timedelta(days=2), datetime.min.time(), zone)
    series = reading_series(
        connection,
        registers_of(base),
        scope=scope,
        starts_at=begin,
        ends_at=end,
        meters=[meter],
        after_midnight=(zone, AFTER_MIDNIGHT_MIN),
    )
    best = _best(series, zone)
    closed: list[ClosedDay] = []
    for day in sorted(best, reverse=True):
        row = best[day]
        before = best.get(day - timedelta(days=1))
        total = series.values[base]
        rise = None if before is None else float(total[row] - total[before])
        closed.append(
            ClosedDay(
                day=day,
                taken_at=_at(series, row, zone),
                origin=ORIGIN_OF_NUMBER[int(series.origin[row])],
                values={q: float(v[row]) for q, v in series.values.items() if not np.isnan(v[row])},
                used_kwh=rise if rise is not None and rise >= 0 else None,
            )
        )
    return closed[:days]


def _best(series: ReadingSeries, zone: ZoneInfo) -> dict[date, int]:
    """Return the row that closes each day: the best origin, then the earliest."""
    rank = {origin: n for n, origin in enumerate(REGISTER_PREFERENCE)}
    best: dict[date, tuple[tuple[int, datetime], int]] = {}
    for row in range(len(series)):
        at = _at(series, row, zone)
        origin = ORIGIN_OF_NUMBER[int(series.origin[row])]
        key = rank.get(origin, len(rank)), at
        day = at.date() - timedelta(days=1)
        if day not in best or key < best[day][0]:
            best[day] = key, row
    return {day: row for day, (_, row) in best.items()}


def _at(series: ReadingSeries, row: int, zone: ZoneInfo) -> datetime:
    slot, taken = series.slot_at[row], series.taken_at[row]
    chosen = taken if np.isnat(slot) else slot
    return datetime.fromtimestamp(chosen.astype("datetime64[us]").astype(np.int64) / 1e6, zone)
