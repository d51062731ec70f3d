"""Whether the load curve bears out in which hours a bill's energy was used (峰谷比例与曲线核对)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from analysis.settlement.period_days import PeriodDay
from pipeline.tariff_periods import PERIODS

MOST_APART = 0.01
"""Of the energy: what a share may differ from the curve's; beyond, a clock or a rate table is wrong."""
LEAST_KNOWN = 0.95
"""Of the slots; a curve of fewer proves nothing."""


def is_mix_proven(billed: Mapping[str, Decimal], days: Sequence[PeriodDay]) -> bool | None:
    """Tell whether the shares of the periods agree; None where the curve is not known well enough.

    Args:
        billed: Energy of the bill by period, kWh.
        days: What intervals show of each local day.
    """
    slots, missing = sum(day.slots for day in days), sum(day.missing for day in days)
    curve = {period.value: sum(day.kwh[place] for day in days) for place, period in enumerate(PERIODS)}
    total, whole = float(sum(billed.values())), sum(curve.values())
    if not slots or 1.0 - missing / slots < LEAST_KNOWN or total <= 0 or whole <= 0:
        return None
    return all(
        abs(float(billed.get(period, Decimal(0))) / total - kwh / whole) <= MOST_APART
        for period, kwh in curve.items()
    )
