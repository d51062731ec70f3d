"""Trigger, restore and delays (越限、恢复、延时): from masks over slots or days to stretches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """How long something must hold, counted in slots or days; each one number, or one a row."""

    on: ArrayLike = 1
    """Triggering values in a row that begin a stretch; a missing one breaks the row."""
    off: ArrayLike = 1
    """Restored values in a row that end it, where the first of them stands."""
    gap: ArrayLike = 4
    """Missing values in a row that end it; fewer are bridged."""
    merge: int = 0
    """Stretches of a row that are no further apart are one."""


class Stretch(NamedTuple):
    """One stretch of one row, ``[first, end)``: it begins and ends with a known value."""

    row: int
    first: int
    end: int
    is_open: bool
    """The data ended before it did."""
    known_end: int
    """After the last known value of the row: where the data that showed it ends."""


def stretches_of(begins: Bools, restored: Bools, known: Bools, delays: Delays) -> list[Stretch]:
    """Return the stretches of masks of shape (rows, columns), by row and then by time.

    A stretch begins with the first of ``delays.on`` triggering values in a row. Values between trigger and
    restore prolong it, and so do missing ones up to a gap; it ends before the first of ``delays.off``
    restored values in a row, before a gap, or with the data.
    """
    suspects = np.flatnonzero(begins.any(axis=1))
    if not len(suspects):
        return []
    columns = known.shape[1]
    begins, restored, known = begins[suspects], restored[suspects], known[suspects]
    on_runs = _runs(begins & known, _of_rows(delays.on, suspects))
    stops = _stops(restored & known, known, delays, suspects)
    ends = columns - np.argmax(known[:, ::-1], axis=1)
    return list(_merged(_cut(on_runs, stops, known), (suspects, ends), columns, delays.merge))


def _of_rows(delay: ArrayLike, suspects: Ints) -> Ints:
    """Return a delay for each chosen row."""
    given = np.ceil(np.asarray(delay, dtype=np.float64)).astype(np.intp)
    return np.full(len(suspects), given) if given.ndim == 0 else given.reshape(-1)[suspects]


def unbroken_runs(mask: Bools) -> tuple[Ints, Ints, Ints]:
    """Return row, first column and end (exclusive) of each unbroken run of a mask of two dimensions."""
    rows, columns = mask.shape
    padded = np.zeros((rows, columns + 2), dtype=np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded, axis=1)
    row, first = np.nonzero(steps == 1)
    return row, first, np.nonzero(steps == -1)[1]


def _runs(mask: Bools, at_least: Ints) -> tuple[Ints, Ints]:
    """Return where runs of ``mask`` begin and end in its flat form; no run goes over the end of a row."""
    row, first, end = unbroken_runs(mask)
    kept = end - first >= np.maximum(at_least[row], 1)
    offset = row[kept] * mask.shape[1]
    return offset + first[kept], offset + end[kept]


def _stops(restored: Bools, known: Bools, delays: Delays, suspects: Ints) -> Ints:
    """Return where whatever goes on must stop: restored for good, a gap, or the end of the row."""
    rows, columns = known.shape
    back = _runs(restored, _of_rows(delays.off, suspects))[0]
    gaps = _runs(~known, _of_rows(delays.gap, suspects))[0]
    row_ends = np.arange(1, rows + 1) * columns
    return np.unique(np.concatenate([back, gaps, row_ends]))


def _cut(runs: tuple[Ints, Ints], stops: Ints, known: Bools) -> tuple[Ints, Ints, Bools]:
    """Return first, end and openness of the stretches: all runs up to the same stop are one."""
    first, end = runs
    stop = stops[np.searchsorted(stops, end)]
    # A gap that reaches the end of the row stops like any other.
    opening = np.flatnonzero(np.diff(stop, prepend=-1))
    first, stop = first[opening], stop[opening]
    places = np.arange(known.size)
    last_known = np.maximum.accumulate(np.where(known.reshape(-1), places, -1))
    return first, last_known[stop - 1] + 1, stop % known.shape[1] == 0


def _merged(
    cut: tuple[Ints, Ints, Bools], rows: tuple[Ints, Ints], columns: int, merge: int
) -> Iterator[Stretch]:
    suspects, known_ends = (column.tolist() for column in rows)
    current: Stretch | None = None
    for first, end, is_open in zip(*(column.tolist() for column in cut), strict=True):
        row = first // columns
        found = Stretch(
            row=suspects[row],
            first=first - row * columns,
            end=end - row * columns,
            is_open=is_open,
            known_end=known_ends[row],
        )
        if current is not None and current.row == found.row and found.first - current.end <= merge:
            current = current._replace(end=found.end, is_open=found.is_open)
            continue
        if current is not None:
            yield current
        current = found
    if current is not None:
        yield current
