"""Energies of a service point by local months (月电量): of its main meters, less those to subtract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows, Floats
from pipeline.model import MeterId
from pipeline.registry import Registry, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class PointMonth:
    """One local month of a service point, as far as the window has it."""

    row: int
    """Of its first main meter: its days are the point's."""
    name: str
    """``2026-03``."""
    days: NDArray[np.intp]
    """Columns of the month's known days."""
    is_over: bool
    """Its last day is known."""
    share_known: float
    """Of all days of the month, or of those up to the last known one while it is not over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointRows:
    """The rows of a window that make up a service point, and how each counts."""

    rows: NDArray[np.intp]
    signs: Floats

    def of(self, column: Floats) -> Floats:
        """Return a column of shape (meters, days) for the point, shape (days,); NaN where one is missing."""
        summed: Floats = self.signs @ column[self.rows]
        return summed


def point_rows(row_of: dict[MeterId, int], registry: Registry, point: str) -> PointRows | None:
    """Return the rows of a point's meters, main meters first; None if one of them is not in the window."""
    placed = [i for i in registry.installations_by_point.get(point, ()) if i.role is not Role.CHECK]
    signs = {i.meter: 1.0 if i.role is Role.MAIN else -1.0 for i in placed}
    if not any(sign > 0 for sign in signs.values()) or not signs.keys() <= row_of.keys():
        return None
    ordered = sorted(signs, key=lambda meter: (-signs[meter], meter))
    return PointRows(
        rows=np.array([row_of[meter] for meter in ordered], dtype=np.intp),
        signs=np.array([signs[meter] for meter in ordered]),
    )


def months(daily: DailyRows, row: int, known: NDArray[np.bool_], coverage: Floats) -> Iterator[PointMonth]:
    """Yield the months of which some days are known; both columns have shape (days,)."""
    month = daily.days.astype("datetime64[M]")
    last = np.flatnonzero(known)
    for this in np.unique(month):
        days = np.flatnonzero((month == this) & known)
        if not len(days):
            continue
        first_day, next_first = this.astype("datetime64[D]"), (this + 1).astype("datetime64[D]")
        is_over = bool(daily.days[last[-1]] >= next_first - 1)
        until = next_first if is_over else daily.days[last[-1]] + 1
        length = int((until - first_day).astype(np.int64))
        yield PointMonth(
            row=row,
            name=str(this),
            days=days,
            is_over=is_over,
            share_known=float(coverage[days].sum()) / length,
        )


def meters_of(window: MeterMatrix) -> dict[MeterId, int]:
    """Return the rows of a window's meters."""
    return {meter: row for row, meter in enumerate(window.meters)}
