"""Readings that cannot be measured values: out of range, never anything but zero, or repeated unchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from analysis.power_quality.judgement import Reason
from analysis.power_quality.point_month import Columns, PointMonth
from pipeline.quantities import Quantity

Bools = NDArray[np.bool_]

REPEATS: Final = 8
"""So many readings in a row that do not differ in any digit of a family are no measurements (own)."""
LEAST_ZEROS: Final = 30
"""So many readings that are all zero: the meter answers for a register that it does not have (own)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Readings of one quantity that must not be judged, and why."""

    quantity: Quantity
    mask: Bools
    """One truth value a reading time."""
    reason: Reason


Blocks: TypeAlias = Callable[[PointMonth], Iterable[Block]]
"""A rule: a month in, what it forbids out."""


def blocked(key: str, quantity: Quantity, mask: Bools, known: Bools) -> Iterator[Block]:
    """Yield a block where a mask holds for any reading, with its share of the known readings."""
    count = int(np.count_nonzero(mask))
    if count:
        share = 100.0 * count / max(int(np.count_nonzero(known)), 1)
        parameters: Mapping[str, str | int | float] = {
            "quantity": quantity.value,
            "n": count,
            "percent": round(share, 1),
        }
        yield Block(quantity=quantity, mask=mask, reason=Reason(key=key, parameters=parameters))


def plausibility_blocks(month: PointMonth) -> Iterator[Block]:
    """Yield what is out of range, what only ever is zero, and what repeats."""
    for quantity, column in (*month.values.items(), *month.spectra.items()):
        bounds = _bounds(quantity)
        if bounds is not None:
            yield from _out_of_range(quantity, column, bounds)
        if "_thd_" in quantity or "_harmonic_" in quantity:
            yield from _only_zeros(quantity, column)
    for family in _families(month.values):
        yield from _repeated(family, month.values)
    for quantity in month.spectra:
        yield from _repeated((quantity,), month.spectra)


def _bounds(quantity: Quantity) -> tuple[float, float] | None:
    """Return between what a value can lie at all; a current's THD, unlike one order, may pass 100 %."""
    for prefix, bounds in _BOUNDS.items():
        if quantity.startswith(prefix):
            return bounds
    return None


_BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    "voltage_thd": (0.0, 100.0),
    "voltage_harmonic": (0.0, 100.0),
    "current_harmonic": (0.0, 100.0),
    "current_thd": (0.0, 1000.0),
    "power_factor": (-1.0005, 1.0005),
    "frequency": (40.0, 70.0),
}


def _out_of_range(quantity: Quantity, column: Columns, bounds: tuple[float, float]) -> Iterator[Block]:
    """Yield readings of which a value is out of range; a spectrum's order 0 and the fundamental are none."""
    judged = column if column.ndim == 1 else column[:, 2:]
    outside = (judged < bounds[0]) | (judged > bounds[1])
    if outside.any():
        mask = outside if column.ndim == 1 else np.asarray(outside.any(axis=1))
        yield from blocked("out_of_range", quantity, mask, _known(column))


def _only_zeros(quantity: Quantity, column: Columns) -> Iterator[Block]:
    judged = column if column.ndim == 1 else column[:, 2:]
    if np.fmax.reduce(judged, axis=None, initial=0.0) > 0.0:
        return
    known = _known(column)
    if np.count_nonzero(known) >= LEAST_ZEROS:
        yield from blocked("only_zeros", quantity, known, known)


def _families(values: Mapping[Quantity, Columns]) -> Iterator[Sequence[Quantity]]:
    """Yield the quantities that a meter refreshes together and that never all stand still."""
    for stems in _FAMILIES:
        family = [q for q in values if q.rpartition("_")[0] in stems]
        if len(family) > 1:
            yield family


_FAMILIES: Final = (("voltage", "current"), ("voltage_thd", "current_thd"))


def _repeated(family: Sequence[Quantity], columns: Mapping[Quantity, Columns]) -> Iterator[Block]:
    """Yield readings that repeat all digits of the one before, where :data:`REPEATS` and more stand in a row.

    The first of a run may be true; a row of zeros (no supply, no load) is no proof.
    """
    first = columns[family[0]]
    if len(first) < REPEATS:
        return
    same = np.ones(len(first) - 1, dtype=np.bool_)
    alive = np.zeros(len(first) - 1, dtype=np.bool_)
    for quantity in family:
        column = columns[quantity]
        rows = column if column.ndim > 1 else column[:, None]
        if column.ndim > 1:
            rows = rows[:, 2:]
        equal = (rows[1:] == rows[:-1]) | (np.isnan(rows[1:]) & np.isnan(rows[:-1]))
        same &= equal.all(axis=1)
        alive |= (rows[1:] > 0).any(axis=1)
    stale = np.concatenate([[False], in_long_runs(same & alive, REPEATS - 1)])
    for quantity in family:
        known = _known(columns[quantity])
        yield from blocked("repeated", quantity, stale & known, known)


def in_long_runs(mask: Bools, least: int) -> Bools:
    """Return a mask of what stands in unbroken runs of at least ``least``."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    begins, ends = edges[::2], edges[1::2]
    long = ends - begins >= least
    steps = np.zeros(len(mask) + 1, dtype=np.int64)
    steps[begins[long]] += 1
    steps[ends[long]] -= 1
    return np.asarray(np.cumsum(steps)[:-1] > 0)


def _known(column: Columns) -> Bools:
    """Tell which readings there are: of a spectrum those with any order."""
    known = np.isfinite(column if column.ndim == 1 else column[:, 2:])
    return known if column.ndim == 1 else np.asarray(known.any(axis=1))
