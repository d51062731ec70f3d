"""How a month's intervals spread over its days and periods: what a bill's allocation is traced by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from analysis.settlement.billing_month import BillingMonth
from pipeline.tariff import Period
from pipeline.tariff_periods import PERIODS, period_numbers
from pipeline.timegrid import local_clock, to_numpy

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodDay:
    """One local day."""

    day: date
    kwh: tuple[float, ...]
    """What intervals show of each period, in the order of ``PERIODS``; what is missing counts nothing."""
    slots: int
    missing: int
    estimated: int
    """Slots that are not actual ones."""


def period_days(month: BillingMonth) -> list[PeriodDay]:
    """Return the days of a month, those on which nothing is known too; empty without intervals."""
    intervals = month.intervals
    if intervals is None:
        return []
    periods = np.full(len(intervals.starts_at), PERIODS.index(Period.FLAT), dtype=np.int8)
    for terms in month.terms:
        inside = (intervals.starts_at >= to_numpy(terms.starts_at)) & (
            intervals.starts_at < to_numpy(terms.ends_at)
        )
        periods[inside] = period_numbers(terms.tariff, intervals.starts_at[inside], month.zone)
    days, _ = local_clock(intervals.starts_at, month.zone)
    known = np.isfinite(intervals.import_kwh)
    kwh = np.where(known, intervals.import_kwh, 0.0)
    return [
        PeriodDay(
            day=_EPOCH + timedelta(days=int(day)),
            kwh=_sums(kwh[days == day], periods[days == day]),
            slots=int((days == day).sum()),
            missing=int((~known[days == day]).sum()),
            estimated=int((known & (intervals.quality != "A"))[days == day].sum()),
        )
        for day in np.unique(days)
    ]


def _sums(kwh: NDArray[np.float64], periods: NDArray[np.int8]) -> tuple[float, ...]:
    sums = np.bincount(periods, weights=kwh, minlength=len(PERIODS))
    return tuple(round(float(total), 4) for total in sums)
