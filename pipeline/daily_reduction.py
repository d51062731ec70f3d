"""Makes daily rows out of slots: one pass a column, whatever the length of a local day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.block import MeterMatrix, is_actual
from pipeline.daily_rows import DailyRows, Floats
from pipeline.quantities import Quantity
from pipeline.registry import DEFAULT_ZONE, Registry
from pipeline.timegrid import local_clock, local_day

VOLTAGES = tuple(Quantity(f"voltage_{phase}") for phase in ("a", "b", "c", "ab", "bc", "ca"))


def with_daily_rows(window: MeterMatrix, registry: Registry) -> MeterMatrix:
    """Return the window with daily rows made of its slots; one that has daily rows stays as it is.

    A meter's days are those of the zone in which it hung last.
    """
    if window.daily is not None or not len(window.starts_at):
        return window
    span = window.span()
    zones = [registry.zone_within(meter, *span) for meter in window.meters]
    return replace(window, daily=daily_rows(window, zones))


def daily_rows(window: MeterMatrix, zones: Sequence[ZoneInfo]) -> DailyRows:
    """Return the local days of a window of at least one slot; a day held in part has less coverage."""
    kinds = list(dict.fromkeys(zones)) or [DEFAULT_ZONE]
    rows_of = {zone: [row for row, own in enumerate(zones) if own == zone] for zone in kinds}
    parts = {zone: _Days(window.starts_at, window.minutes, zone) for zone in kinds}
    first = min(int(part.days[0]) for part in parts.values())
    last = max(int(part.days[-1]) for part in parts.values())
    shape = (len(zones), last - first + 1)

    def spread(figures: Mapping[ZoneInfo, Floats]) -> Floats:
        if len(kinds) == 1:
            return figures[kinds[0]]
        whole = np.full(shape, np.nan)
        for zone, part in parts.items():
            place = int(part.days[0]) - first
            whole[rows_of[zone], place : place + len(part.days)] = figures[zone]
        return whole

    def of(column: NDArray[np.floating], how: str) -> Floats:
        chosen = {z: column if len(kinds) == 1 else column[rows_of[z]] for z in kinds}
        return spread({zone: parts[zone].reduced(chosen[zone], how) for zone in kinds})

    actual = is_actual(window.quality) & np.isfinite(window.import_kwh)
    kwh = np.where(actual, window.import_kwh, np.nan)
    known = of(actual.astype(np.float32), "sum")
    lengths = spread(
        {z: np.broadcast_to(p.expected, (len(rows_of[z]), len(p.days))) for z, p in parts.items()}
    )
    per_hour = 60.0 / window.minutes
    volts = [q for q in VOLTAGES if q in window.values]
    return DailyRows(
        zones=list(zones),
        days=np.arange(first, last + 1).astype("datetime64[D]"),
        kwh=np.where(known > 0, of(np.where(actual, kwh, 0.0), "sum"), np.nan),
        coverage=np.nan_to_num(known / lengths),
        max_kw=of(kwh, "max") * per_hour,
        min_kw=of(kwh, "min") * per_hour,
        zero_slots=of((kwh == 0.0).astype(np.float32), "sum"),
        energies={
            name: np.where(known > 0, of(np.where(actual, column, 0.0), "sum"), np.nan)
            for name, column in window.energies.items()
        },
        voltage_min={q: of(window.values[q], "min") for q in volts},
        voltage_max={q: of(window.values[q], "max") for q in volts},
        registers={q: of(column, "end") for q, column in window.registers.items()},
    )


def day_sums(window: MeterMatrix, daily: DailyRows, column: NDArray[np.floating]) -> Floats:
    """Return a column of slots added up over local days; a missing slot makes its day missing.

    Days without slots in the window are missing too.
    """
    return _by_days(
        window.starts_at, daily.zones, daily.days, column, lambda s, edges: np.add.reduceat(s, edges, axis=1)
    )


def day_firsts(window: MeterMatrix, daily: DailyRows, column: NDArray[np.floating]) -> Floats:
    """Return a column's value in the first slot of each local day that the window holds."""
    return _by_days(window.starts_at, daily.zones, daily.days, column, lambda s, edges: s[:, edges])


def day_most(
    window: MeterMatrix,
    daily: DailyRows,
    column: NDArray[np.floating],
    rows: NDArray[np.intp] | slice = slice(None),
) -> Floats:
    """Return the greatest value of each local day, shape (rows, days); NaN where a slot of it has none.

    ``column`` has the slots of some meters alone, those in ``rows``. Days without slots in the window are
    missing.
    """
    zones = [daily.zones[row] for row in np.arange(len(daily.zones))[rows].tolist()]
    return _by_days(
        window.starts_at, zones, daily.days, column, lambda s, edges: np.maximum.reduceat(s, edges, axis=1)
    )


def known_days(
    window: MeterMatrix, daily: DailyRows, column: NDArray[np.floating], rows: NDArray[np.intp]
) -> tuple[Floats, Floats, Floats]:
    """Return sum, number and greatest of the known slots of each local day, shape (rows, days).

    ``column`` has the slots of some meters alone, those in ``rows``. Days without slots in the window are
    missing, and so is the greatest of a day of which no slot is known.
    """
    zones = [daily.zones[row] for row in rows.tolist()]
    known = np.isfinite(column)

    def of(column: NDArray[np.floating], ufunc: np.ufunc) -> Floats:
        return _by_days(
            window.starts_at, zones, daily.days, column, lambda s, edges: ufunc.reduceat(s, edges, axis=1)
        )

    return (
        of(np.where(known, column, 0.0), np.add),
        of(known.astype(np.float32), np.add),
        of(column, np.fmax),
    )


def known_energy(window: MeterMatrix, name: str, rows: NDArray[np.intp]) -> Floats:
    """Return another energy of some meters as their actual slots show it, shape (rows, slots), else NaN."""
    actual = is_actual(window.quality[rows]) & np.isfinite(window.import_kwh[rows])
    return np.where(actual, window.energies[name][rows], np.nan)


def counts_energy(window: MeterMatrix, daily: DailyRows, name: str) -> NDArray[np.bool_]:
    """Tell which meters ever count another energy, shape (meters,).

    One missing slot makes its day missing, so of meters without any whole day slots are asked.
    """
    column = daily.energies.get(name)
    if column is None:
        return np.zeros(len(daily.kwh), np.bool_)
    counts: NDArray[np.bool_] = np.asarray(np.isfinite(column).any(axis=1))
    rows = np.flatnonzero(~counts)
    if name in window.energies and len(rows):
        counts[rows] = np.isfinite(known_energy(window, name, rows)).any(axis=1)
    return counts


def _by_days(
    starts_at: NDArray[np.datetime64],
    zones: Sequence[ZoneInfo],
    days: NDArray[np.datetime64],
    column: NDArray[np.floating],
    reduced: Callable[[NDArray[np.floating], NDArray[np.intp]], NDArray[np.floating]],
) -> Floats:
    figures = np.full((len(zones), len(days)), np.nan)
    for zone in dict.fromkeys(zones):
        rows = [row for row, own in enumerate(zones) if own == zone]
        day, _ = local_clock(starts_at, zone)
        edges = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
        place = day[edges] - days[0].astype(np.int64)
        inside = (place >= 0) & (place < len(days))
        chosen = column if len(rows) == len(zones) else column[rows]
        figures[np.ix_(rows, place[inside])] = reduced(chosen, edges)[:, inside]
    return figures


class _Days:
    """The local days of one zone in a grid of slots."""

    def __init__(self, starts_at: NDArray[np.datetime64], minutes: int, zone: ZoneInfo) -> None:
        day, minute = local_clock(starts_at, zone)
        self._edges = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
        self.days = np.arange(day[0], day[-1] + 1)
        spans = [local_day(date.fromisoformat(str(np.datetime64(int(d), "D"))), zone) for d in self.days]
        self.expected = np.array([(end - start).total_seconds() / 60 / minutes for start, end in spans])
        """Slots of a whole day: there are local days of 23 and of 25 hours."""
        self._midnights = np.append(self._edges[1:], -1)
        self._at_midnight = np.append(minute[self._edges[1:]] == 0, [False])

    def reduced(self, column: NDArray[np.floating], how: str) -> Floats:
        """Return a figure a day; ``end`` takes the value at the midnight that closes the day."""
        if how == "end":
            return np.where(self._at_midnight, column[:, self._midnights], np.nan)
        ufunc = {"sum": np.add, "max": np.fmax, "min": np.fmin}[how]
        return ufunc.reduceat(column, self._edges, axis=1).astype(np.float64)
