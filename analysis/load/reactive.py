"""Power factor of a span (功率因数) from active and reactive energy, and what the bill is adjusted by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.power_factor import adjustment_percent, month_power_factor, standard_of
from pipeline.contracts import Contract

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanPowerFactor:
    """Of the slots in which active and reactive energy are both known."""

    coverage: float
    kwh: float
    lagging_kvarh: float
    leading_kvarh: float
    """Both count: cos phi is of the sum of their amounts."""
    power_factor: float
    """Rounded to 0.01, as bills do."""
    standard: float | None
    adjustment_percent: float | None
    """力调: added to the bill, below 0 taken off; None without a standard."""


def span_power_factor(
    import_kwh: Floats,
    lagging_kvarh: Floats | None,
    leading_kvarh: Floats | None,
    contract: Contract | None,
) -> SpanPowerFactor | None:
    """Return the power factor of slots; None where none has both energies.

    ``leading_kvarh`` of None counts as none: a meter that never showed any may not measure it.
    """
    if lagging_kvarh is None:
        return None
    leading = np.zeros(len(import_kwh)) if leading_kvarh is None else leading_kvarh
    there = np.isfinite(import_kwh + lagging_kvarh + leading)
    if not there.any():
        return None
    kwh = float(import_kwh[there].sum())
    lag, lead = (float(np.abs(kvarh[there]).sum()) for kvarh in (lagging_kvarh, leading))
    found = month_power_factor(kwh, lag + lead)
    standard = None if contract is None else standard_of(contract)
    return SpanPowerFactor(
        coverage=float(there.mean()),
        kwh=kwh,
        lagging_kvarh=lag,
        leading_kvarh=lead,
        power_factor=found,
        standard=None if standard is None else standard.value,
        adjustment_percent=None if standard is None else adjustment_percent(standard, found),
    )
