"""How slots that are missing count where intervals allocate a register's energy."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from analysis.settlement.allocation import SlotMap
from analysis.settlement.billing_month import BillingMonth
from analysis.settlement.segments import segments_of
from analysis.settlement.settle import settle
from pipeline.tariff import DayKind, DaySchedule, Period, Span
from pipeline.timegrid import local_clock
from tests.bill_cases import bill_case

HOLIDAY = date(2026, 3, 15)


def with_deep_valley() -> BillingMonth:
    """Return a month whose only deep valley, 10:00 to 14:00 of one holiday, has no known slot.

    3 kW at these hours of the other days and 2 kW else: 619 x 2 + 120 x 3 = 1 598 kWh are known.
    """
    month = bill_case("12_day_of_23_hours").month
    (terms,), load = month.terms, month.intervals
    assert load is not None
    (usual,), (charge,) = terms.tariff.schedules, terms.tariff.charges
    deep = Span(from_minute=600, to_minute=840, period=Period.DEEP_VALLEY)
    tariff = replace(
        terms.tariff,
        charges=(replace(charge, prices={**charge.prices, Period.DEEP_VALLEY: Decimal("0.1")}),),
        schedules=(DaySchedule(spans=(*usual.spans, deep), days=DayKind.HOLIDAY), usual),
        holidays=(HOLIDAY,),
    )
    days, minute = local_clock(load.starts_at, month.zone)
    at_noon = (minute >= 600) & (minute < 840)
    kwh = np.where(at_noon, 3.0, 2.0)
    kwh[at_noon & (days == (HOLIDAY - date(1970, 1, 1)).days)] = np.nan
    (pair,) = month.pairs
    return replace(
        month,
        terms=[replace(terms, tariff=tariff)],
        intervals=replace(load, import_kwh=kwh),
        pairs=[replace(pair, closing=replace(pair.closing, value=pair.opening.value + 1610))],
    )


def test_a_period_without_a_known_slot_counts_as_the_same_hours_of_other_days() -> None:
    # 4 x 3 = 12 kWh; night 247 x 2 = 494; the rest of 1 610.
    bill = settle(with_deep_valley())
    assert bill.energy_by_period == {
        "flat": Decimal("1104.00"),
        "valley": Decimal("494.00"),
        "deep_valley": Decimal("12.00"),
    }
    assert [(f.code, f.refuses) for f in bill.findings] == [("intervals_missing", False)]


def test_where_no_other_day_tells_it_counts_as_the_mean_of_all_known_slots() -> None:
    month = with_deep_valley()
    segments = segments_of(month)
    cells = [(segments[0].number, period) for period in (Period.FLAT, Period.VALLEY, Period.DEEP_VALLEY)]
    starts_at = month.starts_at + timedelta(days=14)
    weights = SlotMap(month, segments).weights(
        cells, starts_at, starts_at + timedelta(days=1), month.intervals
    )
    assert (weights.kwh, weights.slots, weights.missing) == ([24.0, 16.0, 8.0], [12, 8, 4], 4)


def test_without_any_known_slot_nothing_is_weighed() -> None:
    month = with_deep_valley()
    segments = segments_of(month)
    cells = [(segments[0].number, Period.DEEP_VALLEY)]
    starts_at = month.starts_at + timedelta(days=14, hours=10)
    weights = SlotMap(month, segments).weights(
        cells, starts_at, starts_at + timedelta(hours=4), month.intervals
    )
    assert (weights.kwh, weights.missing) == ([0.0], 4)
