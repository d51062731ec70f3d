"""Which registers give the energy of a period, and how it is shared where none does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from analysis.settlement.bill import Bill
from analysis.settlement.billing_month import BillingMonth
from analysis.settlement.settle import settle
from pipeline.tariff import Period
from tests.bill_cases import bill_case

PERIODS = bill_case("02_periods").month
NEW_PRICES = bill_case("14_new_prices_within_the_month").month


def codes(bill: Bill) -> list[str]:
    return [finding.code for finding in bill.findings]


def total(value: str, opening: str = "5000.00") -> BillingMonth:
    first, *rates = PERIODS.pairs
    changed = replace(
        first,
        opening=replace(first.opening, value=Decimal(opening)),
        closing=replace(first.closing, value=Decimal(value)),
    )
    return replace(PERIODS, pairs=[changed, *rates])


def test_rates_may_miss_their_total_by_a_step_each() -> None:
    # Four rates and the total: five steps of 0.01 x 100 = 5 kWh.
    assert codes(settle(total("5200.05"))) == []
    assert codes(settle(total("5200.06"))) == ["rates_do_not_add_up"]
    assert settle(total("5200.05")).energy_kwh == Decimal("20000.00")


def test_a_total_that_rolled_over_ties_out_with_its_rates() -> None:
    month = total("100.00", opening="99900.00")
    first, *rates = month.pairs
    assert codes(settle(replace(month, pairs=[replace(first, range=Decimal(100000)), *rates]))) == []


def test_prices_that_change_between_intervals_are_not_told() -> None:
    month = bill_case("25_hours_that_cut_intervals").month
    (terms,) = month.terms
    (schedule,) = terms.tariff.schedules
    on_the_hour = replace(schedule, spans=(replace(schedule.spans[0], from_minute=540),))
    even = replace(terms, tariff=replace(terms.tariff, schedules=(on_the_hour,)))
    assert codes(settle(replace(month, terms=[even]))) == []


@pytest.mark.parametrize(("scale", "refuses"), [(1.10, False), (1.11, True), (0.5, True)])
def test_registers_far_from_their_intervals_refuse_the_bill(scale: float, *, refuses: bool) -> None:
    # 1080.01 kWh by registers, of which 10 % are 108.00; 1188.0 by intervals are 107.99 off, 1198.8 118.79.
    load = NEW_PRICES.intervals
    assert load is not None
    scaled = replace(load, import_kwh=load.import_kwh * scale)
    bill = settle(replace(NEW_PRICES, intervals=scaled))
    assert [(f.code, f.refuses) for f in bill.findings] == [("intervals_do_not_tie_out", refuses)]
    assert bill.amount == Decimal("792.01")


def test_the_noise_of_a_sum_is_no_interval_below_zero() -> None:
    load = NEW_PRICES.intervals
    assert load is not None
    kwh = load.import_kwh.copy()
    kwh[0] = 0.3 - 0.1 - 0.2  # -2.8e-17: a main meter less two sub-meters
    noisy = settle(replace(NEW_PRICES, intervals=replace(load, import_kwh=kwh)))
    assert "intervals_negative" not in codes(noisy)
    kwh[0] = -0.01
    below = settle(replace(NEW_PRICES, intervals=replace(load, import_kwh=kwh)))
    assert "intervals_negative" in codes(below)


def test_of_meters_side_by_side_the_points_load_allocates_none() -> None:
    month = replace(bill_case("21_two_main_meters").month, meter_intervals={})
    bill = settle(month)
    assert [(f.code, f.parameters["meter"]) for f in bill.findings if f.refuses] == [("periods_by_time", "N")]


def test_rates_count_what_the_tariff_says_that_they_count() -> None:
    (terms,) = PERIODS.terms
    swapped = dict(terms.tariff.rates) | {2: Period.VALLEY, 4: Period.PEAK}
    tariff = replace(terms.tariff, rates=swapped)
    bill = settle(replace(PERIODS, terms=[replace(terms, tariff=tariff)]))
    assert bill.energy_by_period["peak"] == Decimal("4725.00")
    assert bill.energy_by_period["valley"] == Decimal("8025.00")


def test_registers_read_when_prices_changed_need_no_intervals() -> None:
    at = NEW_PRICES.terms[0].ends_at
    pairs = []
    for pair in NEW_PRICES.pairs:
        middle = replace(pair.closing, at=at, value=pair.closing.value / 4)
        pairs += [replace(pair, closing=middle), replace(pair, opening=middle)]
    bill = settle(replace(NEW_PRICES, pairs=pairs, intervals=None))
    assert codes(bill) == []
    quantities = [(line.period, line.quantity) for line in bill.lines]
    assert quantities == [
        ("peak", Decimal("180.00")),
        ("flat", Decimal("90.00")),
        ("peak", Decimal("540.00")),
        ("flat", Decimal("270.01")),
    ]


def test_a_register_read_some_minutes_after_the_change_belongs_to_the_time_before() -> None:
    at = NEW_PRICES.terms[0].ends_at + timedelta(minutes=20)
    (first, *_) = NEW_PRICES.pairs
    middle = replace(first.closing, at=at, value=Decimal(500))
    pairs = [replace(first, closing=middle), replace(first, opening=middle)]
    flat = [
        replace(terms, tariff=replace(terms.tariff, schedules=(), rates={})) for terms in NEW_PRICES.terms
    ]
    bill = settle(replace(NEW_PRICES, pairs=pairs, terms=flat, intervals=None))
    assert [line.quantity for line in bill.lines] == [Decimal("500.00"), Decimal("580.01")]
    assert codes(bill) == []


def test_each_line_names_the_registers_that_it_comes_from() -> None:
    bill = settle(PERIODS)
    by_period = {line.period: line for line in bill.lines if line.item == "energy"}
    (index,) = by_period["valley"].registers
    assert bill.registers[index].quantity == "active_energy_import_t4"
    network = next(line for line in bill.lines if line.item == "network")
    names = [bill.registers[index].quantity for index in network.registers]
    assert names == [f"active_energy_import_t{rate}" for rate in (1, 2, 3, 4)]
