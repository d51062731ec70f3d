"""The largest quarter of an hour of a point's intervals."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np

from analysis.settlement.interval_demand import shown_demand
from tests.bill_cases import bill_case

MONTH = bill_case("23_contract_demand_raised").month
SPAN = MONTH.starts_at, MONTH.starts_at + timedelta(days=2)


def test_the_largest_quarter_of_an_hour_is_told_with_its_begin() -> None:
    assert MONTH.intervals is not None
    kwh = MONTH.intervals.import_kwh.copy()
    kwh[10], kwh[96 * 2] = 125.0, 999.0  # the second one lies behind the span
    found = shown_demand(replace(MONTH.intervals, import_kwh=kwh), *SPAN)
    assert found is not None
    assert (found.kw, found.at) == (Decimal("500.0"), MONTH.starts_at + timedelta(minutes=150))


def test_shorter_intervals_are_added_up_and_longer_ones_show_none() -> None:
    assert MONTH.intervals is not None
    starts = MONTH.intervals.starts_at[0] + np.arange(6) * np.timedelta64(5, "m")
    kwh = np.array([1.0, 2.0, 3.0, 9.0, 1.0, 1.0])
    short = replace(MONTH.intervals, minutes=5, starts_at=starts, import_kwh=kwh, quality=np.full(6, "A"))
    found = shown_demand(short, *SPAN)
    assert found is not None
    assert found.kw == Decimal("44.0")  # (9 + 1 + 1) kWh x 4
    assert shown_demand(replace(short, minutes=60), *SPAN) is None


def test_a_demand_is_not_told_from_intervals_with_holes_or_from_none() -> None:
    assert MONTH.intervals is not None
    kwh = MONTH.intervals.import_kwh.copy()
    kwh[:3] = np.nan  # 3 of 192 are more than 1 %
    assert shown_demand(replace(MONTH.intervals, import_kwh=kwh), *SPAN) is None
    assert shown_demand(MONTH.intervals, MONTH.ends_at, MONTH.ends_at) is None
    assert shown_demand(None, *SPAN) is None
