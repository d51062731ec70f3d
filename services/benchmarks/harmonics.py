"""What harmonics cost: subgroups and distortion of windows, against the bare transform of the same ones.

Each row is made by one function of ``ROWS``; a further figure is a further function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from analysis.waveform import indices, spectrum
from services.benchmarks.rows import BenchRow, benchmarks, cpu_s

WINDOWS: Final = 100
"""Of a batch."""
CYCLES: Final = 10
ROUNDS: Final = 5
"""The median of so many counts."""
REPEATS: Final = 40
"""Batches of a round: one alone is too short for the process's clock."""
MOST: Final = 2.0
"""May be spent, in transforms."""
RATES: Final = {"10 kHz": 2000, "12.8 kHz": 2560, "51.2 kHz": 10_240}
"""Points of a window of 10 cycles at 50 Hz."""


@benchmarks.register("harmonics")
def harmonics(begin: Callable[[str], None]) -> Sequence[BenchRow]:
    """Measure every row."""
    rows: list[BenchRow] = []
    for what, make in ROWS.items():
        begin(what)
        rows += make()
    return rows


def _of_windows() -> Iterator[BenchRow]:
    """Yield the cost of subgroups and THD at usual rates, in both precisions."""
    for rate, points in RATES.items():
        for precision in (np.float64, np.float32):
            batch: NDArray[np.floating] = _batch(points).astype(precision)
            yield BenchRow(
                what=f"harmonic subgroups and THD, batches of {WINDOWS} windows, {rate}, "
                f"{np.dtype(precision).name}: s of CPU, against {MOST:g} of scipy.fft.rfft",
                value=_median_s(partial(_subgroups_and_thd, batch)),
                limit=MOST * _median_s(partial(fft.rfft, batch)),
                goal=1.0,
            )


ROWS: Final[dict[str, Callable[[], Iterator[BenchRow]]]] = {"windows": _of_windows}


def _subgroups_and_thd(batch: NDArray[np.floating]) -> NDArray[np.floating]:
    power = spectrum.lines(batch, spectrum.HIGHEST_ORDER, CYCLES).powers()
    return indices.thd_f(spectrum.subgroups(power, spectrum.HIGHEST_ORDER, CYCLES), spectrum.THD_ORDER)


def _batch(points: int) -> NDArray[np.float64]:
    """Return windows of a distorted voltage with noise."""
    turns = 2.0 * np.pi * CYCLES * np.arange(points) / points
    wave = np.sin(turns) + 0.05 * np.sin(5.0 * turns) + 0.03 * np.sin(7.0 * turns)
    return 311.0 * (wave + np.random.default_rng(14549).normal(0.0, 0.001, (WINDOWS, points)))


def _median_s(work: Callable[[], object]) -> float:
    def round_of_batches() -> None:
        for _ in range(REPEATS):
            work()

    round_of_batches()  # The first one plans the transform and fetches the memory.
    return median(cpu_s(round_of_batches) for _ in range(ROUNDS))
