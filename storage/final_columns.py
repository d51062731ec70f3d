"""Final intervals as columns: one energy, the raw value and the why beside each value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times
from pipeline.model import MeterId

FINAL_COLUMNS = ("raw_kwh", "raw_quality", "method", "reason", "author")
"""What a file of final intervals has beside import; readers of intervals pass over it."""

OF_EACH_ENERGY = ("quality", "raw", "raw_quality", "method", "reason", "author")
"""What it has beside each of the other energies, behind that energy's name: ``export_kwh_raw``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalColumns:
    """One energy's final intervals beside the raw ones, as columns of equal length; primary side."""

    energy: str
    """A name of :data:`storage.intervals.ENERGIES`; it says the unit of the values."""
    meters: Sequence[MeterId]
    starts_at: Times
    minutes: NDArray[np.int16]
    amounts: NDArray[np.float64]
    """NaN where nothing stands in."""
    quality: NDArray[np.str_]
    raw_amounts: NDArray[np.float64]
    raw_quality: NDArray[np.str_]
    method: Sequence[str]
    """Empty where the raw interval stands."""
    reason: Sequence[str]
    author: Sequence[str]

    def __len__(self) -> int:
        """Return the number of intervals."""
        return len(self.meters)

    def take(self, rows: Sequence[int]) -> FinalColumns:
        """Return some of the intervals."""
        place = np.array(rows, dtype=np.intp)
        return FinalColumns(
            meters=[self.meters[row] for row in rows],
            starts_at=self.starts_at[place],
            minutes=self.minutes[place],
            energy=self.energy,
            amounts=self.amounts[place],
            quality=self.quality[place],
            raw_amounts=self.raw_amounts[place],
            raw_quality=self.raw_quality[place],
            method=[self.method[row] for row in rows],
            reason=[self.reason[row] for row in rows],
            author=[self.author[row] for row in rows],
        )
