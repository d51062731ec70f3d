"""Demand (需量) out of slots of energy: blocks of 15 minutes, and a window that slides over short slots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from analysis.load.daily import DEMAND_MINUTES
from pipeline.block import Times
from pipeline.errors import DataError
from pipeline.timegrid import from_numpy

Floats = NDArray[np.float64]
SLIDING_FROM_MINUTES = 5
"""A sliding demand (滑差需量) is worked out of slots of so many minutes or shorter ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """A mean power, and when the time over which it was held began."""

    kw: float
    at: datetime
    quality: str | None = None
    """The letter of its energy: ``A`` actual, ``E`` estimated, ``V`` mixed; None where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Mean power of equal stretches of time, NaN where one of their slots is missing: shape (blocks,)."""

    kw: Floats
    starts_at: Times
    minutes: int
    """Length of each; sliding ones begin a slot apart."""
    quality: NDArray[np.str_] | None = None
    """The letter of each."""

    @property
    def coverage(self) -> float:
        """Share of the blocks that are known; 0 without any."""
        return float(np.isfinite(self.kw).mean()) if len(self.kw) else 0.0

    @property
    def highest(self) -> Peak | None:
        """The highest one, the first of equal ones; None where nothing is known."""
        return (
            self.peak(int(np.where(np.isfinite(self.kw), self.kw, -np.inf).argmax()))
            if len(self.kw)
            else None
        )

    @property
    def lowest(self) -> Peak | None:
        """The lowest one, the first of equal ones; None where nothing is known."""
        return (
            self.peak(int(np.where(np.isfinite(self.kw), self.kw, np.inf).argmin())) if len(self.kw) else None
        )

    def peak(self, place: int) -> Peak | None:
        """Return what one of them was; None where it is missing."""
        kw = float(self.kw[place])
        if not np.isfinite(kw):
            return None
        quality = None if self.quality is None else str(self.quality[place])
        return Peak(kw=kw, at=from_numpy(self.starts_at[place]), quality=quality)


def demand_blocks(
    kwh: Floats, starts_at: Times, minutes: int, quality: NDArray[np.str_] | None = None
) -> Blocks:
    """Return the mean power of blocks of 15 minutes, or of the slots where these are longer.

    Args:
        kwh: Energy of each slot, NaN where missing: shape (slots,).
        starts_at: Slot starts, in equal steps from the start of a block.
        minutes: Length of a slot.
        quality: A letter a slot.

    Raises:
        DataError: If 15 minutes are no multiple of shorter slots.
    """
    joined = _joined(minutes)
    whole = len(kwh) // joined * joined
    # A block with a missing part is missing: a sum over NaN is NaN.
    energy = kwh[:whole].reshape(-1, joined).sum(axis=1)
    return Blocks(
        kw=energy * 60.0 / (joined * minutes),
        starts_at=starts_at[:whole:joined],
        minutes=joined * minutes,
        quality=None if quality is None else _letters(quality[:whole].reshape(-1, joined)),
    )


def sliding_demand(
    kwh: Floats, starts_at: Times, minutes: int, quality: NDArray[np.str_] | None = None
) -> Blocks | None:
    """Return the mean power of every 15 minutes that begin with a slot; None where slots are too long for it.

    Raises:
        DataError: If 15 minutes are no multiple of shorter slots.
    """
    joined = _joined(minutes)
    if minutes > SLIDING_FROM_MINUTES or len(kwh) < joined:
        return None
    windows = np.lib.stride_tricks.sliding_window_view(kwh, joined)
    return Blocks(
        kw=windows.sum(axis=1) * 60.0 / DEMAND_MINUTES,
        starts_at=starts_at[: len(windows)],
        minutes=DEMAND_MINUTES,
        quality=None
        if quality is None
        else _letters(np.lib.stride_tricks.sliding_window_view(quality, joined)),
    )


def _letters(quality: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return the letter of each row: that of its slots, ``V`` where they differ."""
    return np.where((quality == quality[:, :1]).all(axis=1), quality[:, 0], "V")


def _joined(minutes: int) -> int:
    """Return how many slots make a block."""
    if minutes < DEMAND_MINUTES and DEMAND_MINUTES % minutes:
        raise DataError(f"slots of {minutes} min do not fill blocks of {DEMAND_MINUTES} min")
    return max(1, DEMAND_MINUTES // minutes)
