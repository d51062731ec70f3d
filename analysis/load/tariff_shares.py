"""Energy by tariff period (峰谷电量占比), by the version of the tariff that is in force in each slot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times
from pipeline.tariff import Period, Tariff
from pipeline.tariff_periods import PERIODS, period_numbers
from pipeline.timegrid import to_numpy

Floats = NDArray[np.float64]
NO_VERSION = -1
_SINCE_EVER = np.datetime64("0001-01-01", "us")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodShare:
    """What was drawn in one period."""

    kwh: float
    share: float | None
    """Of the energy whose period is known; None where nothing was drawn at all."""
    hours: float
    """Of the known slots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffShares:
    """Import by period; only slots that are known and in which a version is in force."""

    tariff: str
    coverage: float
    periods: Mapping[Period, PeriodShare]
    """Those that the span has at all."""


def tariff_shares(
    import_kwh: Floats, starts_at: Times, minutes: int, zone: ZoneInfo, versions: Sequence[Tariff]
) -> TariffShares | None:
    """Return the energy of each period; None where no slot is known that a version covers."""
    numbers = slot_periods(starts_at, zone, versions)
    there = (numbers != NO_VERSION) & np.isfinite(import_kwh)
    if not there.any():
        return None
    count = np.bincount(numbers[there], minlength=len(PERIODS))
    kwh = np.bincount(numbers[there], weights=import_kwh[there], minlength=len(PERIODS))
    total = float(kwh.sum())
    return TariffShares(
        tariff=versions[0].id,
        coverage=float(there.mean()),
        periods={
            period: PeriodShare(
                kwh=float(kwh[place]),
                share=float(kwh[place]) / total if total > 0 else None,
                hours=float(count[place]) * minutes / 60.0,
            )
            for place, period in enumerate(PERIODS)
            if count[place]
        },
    )


def slot_periods(starts_at: Times, zone: ZoneInfo, versions: Sequence[Tariff]) -> NDArray[np.int64]:
    """Return the number of each slot's period; ``NO_VERSION`` where no version of the tariff is in force."""
    numbers = np.full(len(starts_at), NO_VERSION, dtype=np.int64)
    # Of several in force the one that began last counts.
    for version in sorted(versions, key=lambda tariff: _edge(tariff.starts_at)):
        inside = starts_at >= _edge(version.starts_at)
        if version.ends_at is not None:
            inside &= starts_at < to_numpy(version.ends_at)
        numbers[inside] = period_numbers(version, starts_at[inside], zone)
    return numbers


def energy_price(tariff: Tariff, period: Period, month: int) -> Decimal | None:
    """Return what a kWh of a period costs in a calendar month, all charges together: yuan/kWh.

    None where the tariff has no charge for it at all.
    """
    charged = [charge for charge in tariff.charges if not charge.months or month in charge.months]
    prices = [price for charge in charged if (price := charge.price_in(period)) is not None]
    return sum(prices, Decimal(0)) if prices else None


def _edge(instant: datetime | None) -> np.datetime64:
    return _SINCE_EVER if instant is None else to_numpy(instant)
