"""Finds the gaps of a window, each estimated for itself: of one reason, between known registers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.vee_window import Mask, VeeWindow

SPREAD = "spread"
"""The reason of slots whose sum registers tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """Stretches of slots, by meter and time; arrays of shape (gaps,)."""

    row: NDArray[np.int64]
    first: NDArray[np.int64]
    end: NDArray[np.int64]
    """The slot after the last."""

    def take(self, kept: Mask) -> Gaps:
        """Return those that a mask marks."""
        return Gaps(row=self.row[kept], first=self.first[kept], end=self.end[kept])


def gaps(window: VeeWindow, reason: NDArray[np.str_], off: Mask) -> Gaps:
    """Create Estimation for Gap: return the stretches that want an estimate, each of one reason.

    What is missing is parted where the supply went off, what has a known sum at every edge at which readings
    tell the register.

    Args:
        window: The raw intervals.
        reason: Why each slot cannot stand, shape (meters, slots); empty where it can.
        off: Slots without supply, of the same shape.
    """
    wanted = reason != ""
    joined = np.zeros_like(wanted)
    joined[:, 1:] = wanted[:, 1:] & (reason[:, 1:] == reason[:, :-1])
    joined[:, 1:] &= (reason[:, 1:] != "missing") | (off[:, 1:] == off[:, :-1])
    if window.known_edges is not None:
        joined &= (reason != SPREAD) | ~window.known_edges[:, :-1]
    ends = wanted.copy()
    ends[:, :-1] &= ~joined[:, 1:]
    row, first = np.nonzero(wanted & ~joined)
    _, last = np.nonzero(ends)
    return Gaps(row=row, first=first, end=last + 1)


def spread(window: VeeWindow) -> Mask:
    """Return the slots whose sum is measured, while only how it lies over them is not."""
    return np.asarray(np.isfinite(window.kwh) & (window.quality == "E"), dtype=np.bool_)
