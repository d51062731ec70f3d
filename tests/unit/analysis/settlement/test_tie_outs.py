"""Registers against intervals of which some are missing: refused where no meter can have counted so much."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from analysis.settlement.billing_month import BillingMonth, RegisterPair
from analysis.settlement.settle import settle
from tests.bill_cases import bill_case

MONTH = bill_case("14_new_prices_within_the_month").month
"""1 080.01 kWh by registers; 720 hours of 1.5 kW are 1 080 kWh."""
Findings = list[tuple[str, bool]]


def found(month: BillingMonth) -> Findings:
    about = {"registers_beyond_intervals", "intervals_do_not_tie_out"}
    return [(f.code, f.refuses) for f in settle(month).findings if f.code in about]


def known(hours: int, kw: float = 1.5, *, most: str | None = "3") -> BillingMonth:
    """Return the month with its first hours missing, the others of one load, and what its meter can count."""
    load = MONTH.intervals
    assert load is not None
    kwh = np.full(len(load.import_kwh), kw * load.minutes / 60.0)
    kwh[: len(kwh) - hours * 60 // load.minutes] = np.nan
    meters = {} if most is None else {MONTH.pairs[0].meter: Decimal(most)}
    return replace(MONTH, intervals=replace(load, import_kwh=kwh), most_per_hour=meters)


def test_the_month_is_what_the_sums_below_take_it_for() -> None:
    assert MONTH.intervals is not None
    hours = len(MONTH.intervals.import_kwh) * MONTH.intervals.minutes / 60
    totals = [pair.energy for pair in MONTH.pairs if pair.quantity == "active_energy_import"]
    assert (hours, totals) == (720, [Decimal("1080.01")])


@pytest.mark.parametrize(
    ("hours", "kw", "told"),
    [
        # 360 hours of 1.5 kW are 540 kWh, 360 hours of 3 kW 1 080: between 540 and 1 620 kWh are possible.
        (360, 1.5, []),
        # 1 050 kWh known and 60 possible come to 1 110; 525 and 60 to 585, half of what registers say.
        (700, 1.5, []),
        (700, 0.75, [("registers_beyond_intervals", True)]),
        # 700 hours of 1.4 kW and 60 kWh come to 1 040, 40.01 below: more than 0.1 %, less than 10 %.
        (700, 1.4, [("registers_beyond_intervals", False)]),
        # 700 hours of 1.8 kW are 1 260 kWh, 180 above what registers say.
        (700, 1.8, [("registers_beyond_intervals", True)]),
        (720, 0.75, [("intervals_do_not_tie_out", True)]),
        (0, 0.0, []),
    ],
)
def test_the_known_slots_and_what_the_meter_can_count_bound_the_registers(
    hours: int, kw: float, told: Findings
) -> None:
    assert found(known(hours, kw)) == told
    assert settle(known(hours, kw)).tie_out is not None


def test_one_slot_that_is_missing_switches_nothing_off() -> None:
    # 719 hours of 0.5 kW are 359.5 kWh; the hour missing adds 1 kWh: twice the largest of those known.
    bill = settle(known(719, 0.5, most="500"))
    (told,) = [f for f in bill.findings if f.code == "registers_beyond_intervals"]
    assert told.refuses
    assert told.parameters == {
        "register_kwh": "1080.01",
        "known_kwh": "359.500",
        "slots": 1,
        "of": 720,
        "least_kwh": "359.500",
        "most_kwh": "360.500",
    }
    assert bill.tie_out is not None
    assert bill.tie_out.holds is None


def test_a_customer_who_draws_much_while_intervals_are_missing_keeps_the_bill() -> None:
    # A pump: 713 hours of nothing but the last one of 800 kW; each of the seven missing may be like it.
    month = known(713, 0.0, most="1000")
    assert month.intervals is not None
    month.intervals.import_kwh[-1] = 800.0
    assert found(month) == []


def test_a_meter_of_which_nothing_is_known_bounds_nothing_above() -> None:
    assert found(known(360, 0.1, most=None)) == []
    assert found(known(360, 4.0, most=None)) == [("registers_beyond_intervals", True)]


def test_missing_slots_of_a_sub_meter_may_take_off_what_it_can_count() -> None:
    def pair(meter: str, kwh: str, sign: int) -> RegisterPair:
        first = MONTH.pairs[0]
        closing = replace(first.closing, value=first.opening.value + Decimal(kwh))
        return replace(first, meter=type(first.meter)(meter), closing=closing, factor=Decimal(1), sign=sign)

    # 360 hours known of 2 kW less 1 kW are 360 kWh; then 20 kWh more than the sub-meter's 500.
    month = known(360, 1.0)
    pairs = [pair("M", "740", 1), pair("SUB", "500", -1)]
    rated = {p.meter: Decimal(most) for p, most in zip(pairs, ("3", "2"), strict=True)}
    assert found(replace(month, pairs=pairs, most_per_hour=rated)) == []
    # A sub-meter of 0.1 kW cannot have taken off 120 kWh in 360 hours.
    weak = {**rated, pairs[1].meter: Decimal("0.1")}
    assert found(replace(month, pairs=pairs, most_per_hour=weak)) == [("registers_beyond_intervals", True)]


def test_a_register_that_ran_back_is_not_compared() -> None:
    first = MONTH.pairs[0]
    back = replace(first, closing=replace(first.closing, value=first.opening.value - 1))
    assert found(replace(MONTH, pairs=[back])) == []
