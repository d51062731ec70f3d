"""Harmonics (谐波) and interharmonics (间谐波) of synchronised windows, grouped by IEC 61000-4-7.

Lines are 5 Hz apart: a window holds 10 cycles at 50 Hz or 12 at 60 Hz, so order h is line ``cycles * h``.
Everything works on whole batches and keeps their precision: float32 windows give float32 results.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

HIGHEST_ORDER: Final = 50
THD_ORDER: Final = 40
"""THD takes orders 2 to 40 unless told otherwise (IEC 61000-4-7; EN 50160)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """The spectral lines of a batch of windows; they are scaled when asked for, which costs less."""

    transform: NDArray[np.complexfloating]
    points: int

    def powers(self) -> NDArray[np.floating]:
        """Return the squared rms of each line; line 0 is the mean."""
        power: NDArray[np.floating] = np.square(self.transform.real)
        power += np.square(self.transform.imag)
        power *= power.dtype.type(2.0 / self.points**2)
        power[..., 0] *= power.dtype.type(0.5)
        return power

    def phasors(self, line: int) -> NDArray[np.complex128]:
        """Return one line as complex rms values."""
        return np.asarray(self.transform[..., line] * (np.sqrt(2.0) / self.points), dtype=np.complex128)

    def means(self) -> NDArray[np.float64]:
        """Return the mean of each window (DC), with its sign."""
        return np.asarray(self.transform[..., 0].real / self.points, dtype=np.float64)


def lines(windows: NDArray[np.floating], order: int, cycles: int) -> Lines:
    """Return the spectral lines of windows, as far as the groups of an order need them.

    Args:
        windows: Points along the last axis.
        order: The highest order wanted; ``highest_order`` tells what the points allow.
        cycles: Of a window.
    """
    transform = np.asarray(fft.rfft(windows))[..., : cycles * (order + 1)]
    return Lines(transform=transform, points=windows.shape[-1])


def highest_order(points: int, cycles: int) -> int:
    """Return the highest order, up to 50, whose subgroup lies below half the sampling rate."""
    return max(0, min(HIGHEST_ORDER, (points // 2 - 2) // cycles))


def subgroups(power: NDArray[np.floating], order: int, cycles: int) -> NDArray[np.floating]:
    """Return the rms of the harmonic subgroups of orders 1 to ``order``: the line and its two neighbours."""
    return _rms(_sums(power, order, cycles, cycles - 1, 3))


def groups(power: NDArray[np.floating], order: int, cycles: int) -> NDArray[np.floating]:
    """Return the rms of the harmonic groups of orders 1 to ``order``; the line half way counts half."""
    half = cycles // 2
    inside = _sums(power, order, cycles, cycles - half + 1, cycles - 1)
    edges = _reaching(power, cycles * order + half + 1)[
        ..., cycles - half : cycles * order + half + 1 : cycles
    ]
    return _rms(inside + (edges[..., :-1] + edges[..., 1:]) / 2)


def interharmonic_groups(power: NDArray[np.floating], order: int, cycles: int) -> NDArray[np.floating]:
    """Return the rms of all lines between orders h and h + 1, for h from 0 to ``order``."""
    return _rms(_sums(power, order + 1, cycles, 1, cycles - 1))


def interharmonic_subgroups(power: NDArray[np.floating], order: int, cycles: int) -> NDArray[np.floating]:
    """Return the rms of the centred subgroups between orders h and h + 1, for h from 0 to ``order``.

    The lines next to the harmonics are left to their subgroups: 2 to 8 at 50 Hz, 2 to 10 at 60 Hz.
    """
    return _rms(_sums(power, order + 1, cycles, 2, cycles - 3))


def _sums(
    power: NDArray[np.floating], count: int, cycles: int, first: int, width: int
) -> NDArray[np.floating]:
    """Return the sums of ``width`` lines from line ``first`` on, every ``cycles`` lines, ``count`` times.

    Lines that the points do not reach count as nothing.
    """
    power = _reaching(power, first + cycles * (count - 1) + width)
    total: NDArray[np.floating] = power[..., first : first + cycles * (count - 1) + 1 : cycles].copy()
    for line in range(first + 1, first + width):
        total += power[..., line : line + cycles * (count - 1) + 1 : cycles]
    return total


def _reaching(power: NDArray[np.floating], wanted: int) -> NDArray[np.floating]:
    lacking = wanted - power.shape[-1]
    if lacking <= 0:
        return power
    return np.concatenate((power, np.zeros((*power.shape[:-1], lacking), power.dtype)), axis=-1)


def _rms(square: NDArray[np.floating]) -> NDArray[np.floating]:
    root: NDArray[np.floating] = np.sqrt(square)
    return root
