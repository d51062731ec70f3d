"""What a register read by hand (手工抄表) may show between the reads of the system around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.block import Times
from pipeline.vee_window import Floats

TOLERANCE = 1.0
"""kWh or kvarh, on the meter's own side: people leave decimals out. Own default, to be confirmed."""
REACH = np.timedelta64(7 * 24, "h")
"""How far away a read of the system may be to say anything; own default."""
_HOUR = np.timedelta64(3_600_000_000, "us")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The range that a register must lie in; half-open ends are infinite."""

    low: float
    high: float

    def holds(self, register: float) -> bool:
        """Tell whether a register lies within, decimals that people leave out allowed."""
        return self.low - TOLERANCE <= register <= self.high + TOLERANCE


def expected_register(
    taken_at: Times, registers: Floats, at: np.datetime64, most_per_hour: float
) -> Expected | None:
    """Return what a register may show at ``at``; None where no read is near, or the register fell in between.

    Args:
        taken_at: When the system read it, rising.
        registers: What it showed.
        at: When somebody read it by hand.
        most_per_hour: What the meter cannot pass in an hour: where a read lies on one side only.
    """
    near = np.abs(taken_at - at) <= REACH
    times, shown = taken_at[near], registers[near]
    before, after = np.flatnonzero(times <= at)[-1:], np.flatnonzero(times >= at)[:1]
    if not len(before) and not len(after):
        return None
    if len(before) and len(after):
        low, high = float(shown[before[0]]), float(shown[after[0]])
        return Expected(low=low, high=high) if low <= high else None
    if len(before):
        low, passed = float(shown[before[0]]), float((at - times[before[0]]) / _HOUR)
        return Expected(low=low, high=low + passed * most_per_hour)
    high, ahead = float(shown[after[0]]), float((times[after[0]] - at) / _HOUR)
    return Expected(low=high - ahead * most_per_hour, high=high)
