"""Which columns of a month belong to which phase, and what a month's readings come to in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from analysis.power_quality.probability import probability_value
from pipeline.quantities import Quantity

PHASES = ("A", "B", "C")
LINES = ("AB", "BC", "CA")

ColumnT = TypeVar("ColumnT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What the readings of one column come to; NaN where there is none."""

    highest: float
    mean: float
    lowest: float
    p95: float
    n: int


def by_phase(columns: Mapping[Quantity, ColumnT], base: str) -> dict[str, ColumnT]:
    """Return the columns of ``voltage``, ``voltage_harmonic`` ... by phase (``A``) or line (``AB``)."""
    return {
        part: columns[quantity]
        for part in (*PHASES, *LINES)
        if (quantity := _quantity(f"{base}_{part.lower()}")) is not None and quantity in columns
    }


def voltages(values: Mapping[Quantity, ColumnT]) -> dict[str, ColumnT]:
    """Return the voltages that the point is judged by: of phases where there are some, else of lines."""
    found = by_phase(values, "voltage")
    return {part: column for part, column in found.items() if part in PHASES} or found


def statistics(readings: NDArray[np.floating]) -> Statistics:
    """Return the statistics of one column; NaN is missing."""
    known = readings[np.isfinite(readings)]
    if not len(known):
        return Statistics(highest=np.nan, mean=np.nan, lowest=np.nan, p95=np.nan, n=0)
    return Statistics(
        highest=float(known.max()),
        mean=float(known.mean()),
        lowest=float(known.min()),
        p95=probability_value(known, len(known)).value,
        n=len(known),
    )


def _quantity(name: str) -> Quantity | None:
    try:
        return Quantity(name)
    except ValueError:
        return None
