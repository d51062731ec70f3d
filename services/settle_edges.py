"""A meter's registers at one edge of a bill: as frozen, read, read by hand, or written down at a swap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

import numpy as np

from analysis.settlement.billing_month import RegisterEnd, RegisterSource
from pipeline.model import DOUBTED, Origin
from pipeline.quantities import Quantity
from pipeline.registry import Meter
from pipeline.timegrid import from_numpy, to_numpy
from services.settle_book import NEAR, QUADRANTS, RATES, REACTIVE, Book
from storage.columns import ORIGIN_OF_NUMBER
from storage.readings import ReadingSeries

TOTAL = Quantity.ACTIVE_ENERGY_IMPORT
NO_REGISTER = 1e15
"""No register and no interval counts so far; what says so, or is missing, counts as missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One kind of reading that may stand at an edge, and how far from it."""

    source: RegisterSource
    tolerance: timedelta


_FROZEN, _READ = timedelta(minutes=1), timedelta(minutes=15)
WAYS: Mapping[Origin, tuple[int, Way]] = MappingProxyType(
    {
        # The lower the number, the sooner it stands; freezes bear the time of the meter's own clock.
        Origin.SETTLEMENT_FREEZE: (0, Way(source=RegisterSource.SETTLEMENT_FREEZE, tolerance=_FROZEN)),
        Origin.DAILY_FREEZE: (1, Way(source=RegisterSource.DAILY_FREEZE, tolerance=_FROZEN)),
        Origin.LOAD_RECORD: (2, Way(source=RegisterSource.PRESENT, tolerance=_READ)),
        Origin.PRESENT: (2, Way(source=RegisterSource.PRESENT, tolerance=_READ)),
        Origin.PUSH: (2, Way(source=RegisterSource.PRESENT, tolerance=_READ)),
        Origin.MANUAL: (3, Way(source=RegisterSource.MANUAL, tolerance=NEAR)),
    }
)

Ends = Mapping[Quantity, RegisterEnd]
"""Registers at one edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What was read at one edge."""

    ends: Ends
    disputed: Sequence[Quantity] = ()
    """Of these, two readings of one instant and rank say different things: neither is the register."""


def ends_at_edge(book: Book, meter: Meter, at: datetime, within: tuple[datetime, datetime]) -> Edge:
    """Return the registers of a meter at an edge, those that are known.

    All rates are of the reading that the total is of, or of another of the same instant, so that they add up.

    Args:
        book: Where readings are looked up.
        meter: The meter.
        at: The edge.
        within: Readings outside this stretch are of another place of the meter.
    """
    starts_at, ends_at = max(at - NEAR, within[0]), min(at + NEAR, within[1])
    readings = book.readings(meter.id, starts_at, ends_at + timedelta(microseconds=1))
    best = _in_order(readings, at)
    found = {
        q: end for q in (TOTAL, Quantity.ACTIVE_ENERGY_EXPORT) if (end := _first(readings, best, q, meter))
    }
    for quantity in (*REACTIVE, *QUADRANTS):
        if end := _first(readings, best, quantity, meter):
            found[quantity] = end
    if TOTAL in found:
        same = [row for row in best if from_numpy(readings.taken_at[row]) == found[TOTAL].at]
        for quantity in RATES:
            if end := _first(readings, same, quantity, meter):
                found[quantity] = end
    disputed = [quantity for quantity in found if _is_disputed(readings, best, quantity, meter)]
    return Edge(ends=found, disputed=disputed)


def written_down(noted: Mapping[str, float], meter: Meter, at: datetime, source: RegisterSource) -> Ends:
    """Return the registers that a fitter wrote down (装拆底度)."""
    return {
        Quantity(name): RegisterEnd(at=at, value=steps(value, meter), source=source)
        for name, value in noted.items()
    }


def steps(value: float, meter: Meter) -> Decimal:
    """Return a register's value in whole steps of the register, as the meter shows it."""
    step = Decimal(str(meter.resolution))
    return (Decimal(str(value)) / step).quantize(Decimal(1)) * step


def _in_order(readings: ReadingSeries, at: datetime) -> list[int]:
    """Return the rows that may stand at an edge, the best first."""
    ranked = []
    edge = to_numpy(at)
    for row in range(len(readings)):
        rank, way = WAYS[ORIGIN_OF_NUMBER[int(readings.origin[row])]]
        apart = abs(readings.taken_at[row] - edge) // np.timedelta64(1, "us")
        doubted = int(readings.quality[row]) & DOUBTED
        if not doubted and apart <= way.tolerance // timedelta(microseconds=1):
            ranked.append((rank, int(apart), row))
    return [row for _, _, row in sorted(ranked)]


def _first(
    readings: ReadingSeries, rows: Sequence[int], quantity: Quantity, meter: Meter
) -> RegisterEnd | None:
    for row in rows:
        value = float(readings.values[quantity][row])
        if abs(value) < NO_REGISTER:
            _, way = WAYS[ORIGIN_OF_NUMBER[int(readings.origin[row])]]
            return RegisterEnd(
                at=from_numpy(readings.taken_at[row]), value=steps(value, meter), source=way.source
            )
    return None


def _is_disputed(readings: ReadingSeries, rows: Sequence[int], quantity: Quantity, meter: Meter) -> bool:
    """Tell whether another reading as good as the one that stands, of the same instant, says otherwise."""
    known = [row for row in rows if abs(float(readings.values[quantity][row])) < NO_REGISTER]
    alike = {_standing(readings, row) for row in known[:1]}
    shown = {
        steps(float(readings.values[quantity][row]), meter)
        for row in known
        if _standing(readings, row) in alike
    }
    return len(shown) > 1


def _standing(readings: ReadingSeries, row: int) -> tuple[int, int]:
    rank, _ = WAYS[ORIGIN_OF_NUMBER[int(readings.origin[row])]]
    return rank, int(readings.taken_at[row].astype(np.int64))
