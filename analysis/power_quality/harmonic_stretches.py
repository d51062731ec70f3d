"""Stretches of a month in which a standard wants its limits kept, and the worst of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from analysis.harmonic_limits import MONTHLY_95, Statistic
from analysis.power_quality.block_values import BlockValues, Floats, Ints, block_values, verdicts
from analysis.power_quality.harmonic_readings import PhaseColumns
from analysis.power_quality.point_month import PointMonth
from analysis.power_quality.probability import LEAST_READINGS
from analysis.power_quality.shares import stretches_of_days
from pipeline.timegrid import to_numpy

_Number = TypeVar("_Number", np.float64, np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One statistic in one stretch; arrays of shape (phases, orders)."""

    statistic: Statistic
    first: int
    last: int
    """Its readings are ``[first, last)``."""
    values: BlockValues
    limits: Floats
    """The standard's, times what the statistic allows."""
    code: Ints
    good: Ints
    bad: Ints

    @property
    def badness(self) -> Floats:
        """What puts verdicts in order: first themselves, then how near the limit; -1 without readings.

        Where there is no limit the largest value comes first.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            over = self.values.value / np.where(np.isinf(self.limits), 1.0, self.limits)
            # From 0 far below the limit to 1 far above it; a limit of 0 is far below any value.
            nearness = np.where(np.isinf(over), 1.0, over / (1.0 + over))
        return np.where(self.values.n == 0, -1.0, self.code + nearness)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """The worst phase of the worst stretch of each order, as lists."""

    stretch: Sequence[Stretch]
    phase: Sequence[int]
    value: Sequence[float]
    limit: Sequence[float]
    n: Sequence[int]
    rank: Sequence[int]
    highest: Sequence[int]
    """Which reading of the month it is; before the stretch where it has none."""
    coverage: Sequence[float]
    surely_from: Sequence[float]
    surely_to: Sequence[float]
    own_code: Sequence[int]
    code: Sequence[int]
    """As ``good`` and ``bad`` of all phases and stretches together."""
    good: Sequence[int]
    bad: Sequence[int]


def judged_stretches(
    month: PointMonth,
    columns: PhaseColumns,
    limits: Floats,
    statistics: Sequence[Statistic],
    whole: BlockValues,
) -> tuple[list[Stretch], list[Statistic]]:
    """Return every stretch judged, and the statistics whose stretches are too short for readings this rare.

    Where that is all of them, the whole month is judged by the 95 % value.

    Args:
        month: Of the readings.
        columns: The readings.
        limits: One an order.
        statistics: What the standard wants kept.
        whole: The whole month's 95 % values.
    """
    found, skipped = [], []
    for statistic in statistics:
        own = [
            _judged(columns, limits, statistic, place, whole)
            for place in _places(month, columns, statistic.days)
        ]
        found += own
        skipped += [] if own else [statistic]
    if not found:
        found = [_judged(columns, limits, MONTHLY_95, (0, len(columns.at), columns.expected), whole)]
    return found, skipped


def worst_of(stretches: Sequence[Stretch]) -> Worst:
    """Return what tells for each order."""
    badness = _together([stretch.badness for stretch in stretches])
    rows = badness.argmax(axis=0)
    places = np.arange(len(rows))
    phases = len(stretches[0].code)

    def told(arrays: Sequence[Floats]) -> list[float]:
        chosen: list[float] = _together(arrays)[rows, places].tolist()
        return chosen

    def counted(arrays: Sequence[Ints]) -> list[int]:
        chosen: list[int] = _together(arrays)[rows, places].tolist()
        return chosen

    def of_all(arrays: Sequence[Ints]) -> list[int]:
        highest: list[int] = _together(arrays).max(axis=0).tolist()
        return highest

    return Worst(
        stretch=[stretches[row // phases] for row in rows.tolist()],
        phase=(rows % phases).tolist(),
        value=told([s.values.value for s in stretches]),
        limit=told([s.limits for s in stretches]),
        n=counted([s.values.n for s in stretches]),
        rank=counted([s.values.rank for s in stretches]),
        highest=counted([s.first + s.values.highest for s in stretches]),
        coverage=told([s.values.coverage for s in stretches]),
        surely_from=told([s.values.surely_from for s in stretches]),
        surely_to=told([s.values.surely_to for s in stretches]),
        own_code=counted([s.code for s in stretches]),
        code=of_all([s.code for s in stretches]),
        good=of_all([s.good for s in stretches]),
        bad=of_all([s.bad for s in stretches]),
    )


def _together(arrays: Sequence[NDArray[_Number]]) -> NDArray[_Number]:
    """Return arrays one below the other; the one of a month that is judged as a whole as it is."""
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _judged(
    columns: PhaseColumns,
    limits: Floats,
    statistic: Statistic,
    place: tuple[int, int, int],
    whole: BlockValues,
) -> Stretch:
    first, last, expected = place
    values = (
        whole
        if statistic == MONTHLY_95
        else block_values([rows[:, first:last] for rows in columns.values], expected, statistic.percent)
    )
    allowed = limits * statistic.factor
    said = verdicts(values, allowed)
    return Stretch(
        statistic=statistic,
        first=first,
        last=last,
        values=values,
        limits=np.broadcast_to(allowed, values.n.shape),
        code=said.found,
        good=said.if_missing_good,
        bad=said.if_missing_bad,
    )


def _places(month: PointMonth, columns: PhaseColumns, days: int) -> Iterator[tuple[int, int, int]]:
    """Yield from which to which reading each stretch reaches, and how many readings it should have.

    One that should have too few readings is left out.
    """
    if not days:
        yield 0, len(columns.at), columns.expected
        return
    for begin, end in stretches_of_days(month, days):
        first, last = np.searchsorted(columns.at, [to_numpy(begin), to_numpy(end)]).tolist()
        own = replace(month, starts_at=begin, ends_at=end)
        dark_at = columns.at[first:last][columns.dark[first:last]]
        expected = own.expected_supplied(columns.period_s, dark_at)
        if expected >= LEAST_READINGS:
            yield first, last, expected
