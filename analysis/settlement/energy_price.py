"""What a kWh costs by a tariff's charges: in each period, and on average of a load curve."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times
from pipeline.tariff import EnergyCharge, Period, Tariff
from pipeline.tariff_periods import PERIODS, period_numbers
from pipeline.timegrid import local_clock

MONTHS_A_YEAR = 12


def period_prices(tariff: Tariff, month: int) -> Mapping[Period, Decimal]:
    """Return the sum of all charges for a kWh of each period in a calendar month, yuan/kWh.

    A period that one of the charges has no price for is left out. Steps, basic charge and power factor are
    no part of it.
    """
    charges = _charges_in(tariff, month)
    prices = {period: [charge.price_in(period) for charge in charges] for period in PERIODS}
    return {
        period: sum((price for price in own if price is not None), Decimal(0))
        for period, own in prices.items()
        if own and None not in own
    }


def curve_price(tariff: Tariff, starts_at: Times, zone: ZoneInfo, kwh: NDArray[np.float64]) -> Decimal | None:
    """Return the average price of a load curve by a tariff's charges, yuan/kWh.

    Args:
        tariff: The version in force.
        starts_at: Slot starts, UTC; shape (slots,).
        zone: The area's zone.
        kwh: Energy of each slot; what is missing counts nothing.

    Returns:
        None without energy, or where a period that was used has no price.
    """
    known = np.isfinite(kwh) & (kwh > 0)
    if not known.any():
        return None
    days, _ = local_clock(starts_at[known], zone)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % MONTHS_A_YEAR + 1
    periods = period_numbers(tariff, starts_at[known], zone)
    amount = Decimal(0)
    for month in np.unique(months):
        prices = period_prices(tariff, int(month))
        for place in np.unique(periods[months == month]):
            price = prices.get(PERIODS[int(place)])
            if price is None:
                return None
            used = float(kwh[known][(months == month) & (periods == place)].sum())
            amount += Decimal(str(used)) * price
    return amount / Decimal(str(float(kwh[known].sum())))


def _charges_in(tariff: Tariff, month: int) -> list[EnergyCharge]:
    return [charge for charge in tariff.charges if not charge.months or month in charge.months]
