"""Whatever is missing or wrong about a month has a code, refuses the bill or says what was estimated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from analysis.settlement.billing_month import (
    BillingMonth,
    Lack,
    Lacking,
    PointIntervals,
    RegisterPair,
    RegisterSource,
)
from analysis.settlement.codes import Code
from analysis.settlement.settle import settle
from pipeline.bill_texts import bill_text
from pipeline.contracts import BasicCharge, Contract
from pipeline.tariff import MarketEnergy, Tariff
from pipeline.timegrid import slot_grid
from tests.bill_cases import bill_case

PLANT = bill_case("18_everything_together").month
CAPACITY = bill_case("04_capacity_with_suspension").month
NIGHT = bill_case("12_day_of_23_hours").month
PERIODS = bill_case("02_periods").month

Change = Callable[[BillingMonth], BillingMonth]


def agreed(change: Callable[[Contract], Contract]) -> Change:
    def changed(month: BillingMonth) -> BillingMonth:
        return replace(month, terms=[replace(t, contract=change(t.contract)) for t in month.terms])

    return changed


def priced(change: Callable[[Tariff], Tariff]) -> Change:
    def changed(month: BillingMonth) -> BillingMonth:
        return replace(month, terms=[replace(t, tariff=change(t.tariff)) for t in month.terms])

    return changed


def without(quantity: str) -> Change:
    return lambda month: replace(month, pairs=[p for p in month.pairs if not p.quantity.startswith(quantity)])


def registers(quantity: str, change: Callable[[RegisterPair], RegisterPair]) -> Change:
    def changed(month: BillingMonth) -> BillingMonth:
        return replace(month, pairs=[change(p) if p.quantity == quantity else p for p in month.pairs])

    return changed


def closing(quantity: str, value: str) -> Change:
    return registers(quantity, lambda p: replace(p, closing=replace(p.closing, value=Decimal(value))))


def beside(quantity: str, value: str, sign: int = 1, meter: str | None = None) -> Change:
    """Add a register like the first, from 0 to a value."""

    def changed(month: BillingMonth) -> BillingMonth:
        like = month.pairs[0]
        pair = replace(
            like,
            meter=like.meter if meter is None else type(like.meter)(meter),
            quantity=quantity,
            sign=sign,
            opening=replace(like.opening, value=Decimal(0)),
            closing=replace(like.closing, value=Decimal(value)),
        )
        return replace(month, pairs=[*month.pairs, pair])

    return changed


def hours(change: Callable[[PointIntervals], PointIntervals]) -> Change:
    def changed(month: BillingMonth) -> BillingMonth:
        assert month.intervals is not None
        return replace(month, intervals=change(month.intervals))

    return changed


def some(kwh: float, slots: int) -> Callable[[PointIntervals], PointIntervals]:
    def changed(intervals: PointIntervals) -> PointIntervals:
        values = intervals.import_kwh.copy()
        values[:slots] = kwh
        return replace(intervals, import_kwh=values)

    return changed


def estimated(intervals: PointIntervals) -> PointIntervals:
    return replace(intervals, quality=np.where(np.arange(len(intervals.quality)) < 5, "E", "A"))


def shortened(month: BillingMonth) -> BillingMonth:
    (terms,) = month.terms
    return replace(month, terms=[replace(terms, ends_at=month.ends_at - timedelta(days=3))])


def overlapping(month: BillingMonth) -> BillingMonth:
    (terms,) = month.terms
    return replace(month, terms=[terms, replace(terms, starts_at=month.starts_at + timedelta(days=20))])


def lacking(code: Lacking) -> Change:
    return lambda month: replace(
        month, lacks=[Lack(code=code, what="M", starts_at=month.starts_at, ends_at=month.ends_at)]
    )


def read_late(month: BillingMonth) -> BillingMonth:
    late = month.starts_at + timedelta(days=2)
    return replace(month, pairs=[replace(p, opening=replace(p.opening, at=late)) for p in month.pairs])


def later(pair: RegisterPair, days: int) -> RegisterPair:
    """Move a register's stretch, so that it no longer lies within the total's."""
    return replace(pair, closing=replace(pair.closing, at=pair.closing.at + timedelta(days=days)))


def guessed(pair: RegisterPair) -> RegisterPair:
    return replace(pair, closing=replace(pair.closing, source=RegisterSource.ESTIMATED))


def market(**values: Decimal | str) -> Change:
    bought = {"service_point": "P", "month": "2026-03", "price": Decimal("0.4"), **values}
    return lambda month: replace(month, market=[MarketEnergy(**bought)])  # type: ignore[arg-type]  # a test's table


def lasting(month: BillingMonth) -> BillingMonth:
    begun = month.ends_at - timedelta(days=10)
    return replace(month, suspensions=[replace(s, starts_at=begun, ends_at=None) for s in month.suspensions])


def short(month: BillingMonth) -> BillingMonth:
    return replace(
        month, suspensions=[replace(s, ends_at=s.starts_at + timedelta(days=14)) for s in month.suspensions]
    )


def halved(month: BillingMonth) -> BillingMonth:
    """Let prices change within the month, without intervals to share by."""
    (terms,) = month.terms
    at = month.starts_at + timedelta(days=10)
    cheaper = replace(
        terms.tariff, charges=tuple(replace(c, price=Decimal("0.1")) for c in terms.tariff.charges)
    )
    return replace(
        month,
        terms=[replace(terms, ends_at=at), replace(terms, starts_at=at, tariff=cheaper)],
        intervals=None,
    )


IMPORT = "active_energy_import"
CASES: list[tuple[BillingMonth, Change, Code, bool]] = [
    (PLANT, shortened, Code.CONTRACT_GAP, True),
    (PLANT, overlapping, Code.CONTRACT_OVERLAP, True),
    (PLANT, lacking(Lacking.TARIFF_GAP), Code.TARIFF_GAP, True),
    (PLANT, lacking(Lacking.CLOSING), Code.SWAP_WITHOUT_CLOSING, True),
    (PLANT, lacking(Lacking.OPENING), Code.SWAP_WITHOUT_OPENING, True),
    (PLANT, lacking(Lacking.RATIO), Code.RATIO_GAP, True),
    (PLANT, lacking(Lacking.CONFLICT), Code.REGISTER_CONFLICT, True),
    (PLANT, priced(lambda t: replace(t, charges=())), Code.PRICE_MISSING, True),
    (PLANT, agreed(lambda c: replace(c, basic_charge=None)), Code.BASIC_KIND_UNKNOWN, True),
    (PLANT, priced(lambda t: replace(t, basic=None)), Code.BASIC_TERMS_MISSING, True),
    (PLANT, agreed(lambda c: replace(c, basic_charge=BasicCharge.CAPACITY)), Code.BASIC_TERMS_MISSING, True),
    (CAPACITY, agreed(lambda c: replace(c, capacity_kva=None)), Code.CAPACITY_UNKNOWN, True),
    (PLANT, agreed(lambda c: replace(c, category=None)), Code.POWER_FACTOR_STANDARD_UNKNOWN, True),
    (
        PLANT,
        agreed(lambda c: replace(c, power_factor_standard=0.7)),
        Code.POWER_FACTOR_STANDARD_UNKNOWN,
        True,
    ),
    (PLANT, priced(lambda t: replace(t, losses=None)), Code.LOSS_TERMS_MISSING, True),
    (PLANT, lambda m: replace(m, transformers=()), Code.TRANSFORMER_UNKNOWN, True),
    (PLANT, market(share=Decimal("1.2")), Code.MARKET_UNUSABLE, True),
    (PLANT, market(kwh=Decimal(-1)), Code.MARKET_UNUSABLE, True),
    (PLANT, market(item="heat"), Code.MARKET_UNUSABLE, True),
    (PLANT, market(kwh=Decimal(10**9)), Code.MARKET_OVER_ENERGY, False),
    (CAPACITY, short, Code.SUSPENSION_TOO_SHORT, False),
    (CAPACITY, lasting, Code.SUSPENSION_OPEN, False),
    (PLANT, without(IMPORT), Code.REGISTER_MISSING, True),
    (PLANT, read_late, Code.REGISTER_MISSING, True),
    (PLANT, registers(IMPORT, guessed), Code.REGISTER_ESTIMATED, False),
    (PERIODS, lambda m: replace(m, pairs=m.pairs[1:]), Code.TOTAL_MISSING, False),
    (PERIODS, lambda m: replace(m, pairs=m.pairs[1:3]), Code.TOTAL_MISSING, True),
    (PLANT, closing(IMPORT, "NaN"), Code.REGISTER_MISSING, True),
    (
        PLANT,
        lambda m: replace(m, demands=[replace(m.demands[0], kw=Decimal("NaN"))]),
        Code.DEMAND_MISSING,
        True,
    ),
    (PERIODS, registers(f"{IMPORT}_t1", lambda p: later(p, 5)), Code.RATES_UNUSED, False),
    (
        PERIODS,
        lambda m: replace(m, pairs=[later(p, 0 if p.quantity == IMPORT else 5) for p in m.pairs]),
        Code.RATES_UNUSED,
        False,
    ),
    (PLANT, closing(f"{IMPORT}_t1", "-1"), Code.RAN_BACK, True),
    (
        PLANT,
        lambda m: replace(m, most_per_hour={m.pairs[0].meter: Decimal("0.001")}),
        Code.GREW_TOO_FAST,
        True,
    ),
    (PERIODS, beside(IMPORT, "0"), Code.REGISTERS_OVERLAP, True),
    (PLANT, beside(IMPORT, "10000", sign=-1, meter="SUB"), Code.NEGATIVE_ENERGY, True),
    (PLANT, beside("active_energy_export", "50"), Code.EXPORT_ON_CONSUMER, True),
    (PLANT, beside("active_energy_export", "0.3"), Code.EXPORT_ON_CONSUMER, False),
    (PLANT, lambda m: replace(m, demands=()), Code.DEMAND_MISSING, True),
    (
        PLANT,
        lambda m: replace(m, demands=[replace(m.demands[0], at=m.starts_at - timedelta(days=40))]),
        Code.DEMAND_OUTSIDE_MONTH,
        True,
    ),
    (bill_case("23_contract_demand_raised").month, lambda m: m, Code.DEMAND_FROM_INTERVALS, False),
    (PLANT, without("reactive"), Code.REACTIVE_MISSING, True),
    (bill_case("07_power_factor").month, closing(IMPORT, "2000"), Code.NO_ACTIVE_ENERGY, False),
    (bill_case("22_power_factor_from_the_16th").month, lambda m: m, Code.REACTIVE_SHARED, False),
    (PLANT, closing(IMPORT, "601"), Code.RATES_DO_NOT_ADD_UP, True),
    (PLANT, without(f"{IMPORT}_t3"), Code.RATES_UNUSED, False),
    (PERIODS, beside(f"{IMPORT}_t5", "1"), Code.RATES_UNUSED, False),
    (PERIODS, without(f"{IMPORT}_t"), Code.PERIODS_BY_TIME, True),
    (NIGHT, halved, Code.PERIODS_BY_TIME, True),
    (CAPACITY, halved, Code.SPLIT_BY_DAYS, False),
    (NIGHT, hours(some(float("nan"), 3)), Code.INTERVALS_MISSING, False),
    (NIGHT, hours(some(float("nan"), 30)), Code.INTERVALS_MISSING, True),
    (NIGHT, hours(estimated), Code.INTERVALS_ESTIMATED, False),
    (bill_case("25_hours_that_cut_intervals").month, lambda m: m, Code.INTERVALS_TOO_LONG, False),
    (NIGHT, hours(some(-2.0, 1)), Code.INTERVALS_NEGATIVE, True),
    (NIGHT, hours(some(50.0, 1)), Code.INTERVALS_DO_NOT_TIE_OUT, False),
    # 740 hours of 1.8 kW and three of 3.6 kW at most come to 1 342.8 kWh; the register says 1 486.
    (
        NIGHT,
        hours(lambda i: some(float("nan"), 3)(replace(i, import_kwh=i.import_kwh * 0.9))),
        Code.REGISTERS_BEYOND_INTERVALS,
        False,
    ),
]


@pytest.mark.parametrize(
    ("month", "change", "code", "refuses"), CASES, ids=[f"{n}_{c[2].value}" for n, c in enumerate(CASES)]
)
def test_it_is_told_by_its_code(month: BillingMonth, change: Change, code: Code, refuses: bool) -> None:  # noqa: FBT001 - a table
    bill = settle(change(month))
    found = [finding for finding in bill.findings if finding.code == code]
    assert found, [finding.code for finding in bill.findings]
    assert any(finding.refuses for finding in found) == refuses
    assert bill.is_final == (not any(finding.refuses for finding in bill.findings))
    for finding in bill.findings:
        assert bill_text(f"finding.{finding.code}", "en", **finding.parameters)
        assert bill_text(f"finding.{finding.code}", "zh-CN", **finding.parameters)


def test_every_code_is_shown_once_at_least() -> None:
    assert {code for _, _, code, _ in CASES} == set(Code)


def test_a_customer_with_generation_may_send_energy_back() -> None:
    declared = agreed(lambda c: replace(c, generation=True))(PLANT)
    bill = settle(beside("active_energy_export", "50")(declared))
    assert [finding.code for finding in bill.findings] == []


def test_a_missing_capacity_is_that_of_the_transformers_together() -> None:
    plates = bill_case("published_capacity_half_for_new_customers").month
    without_it = agreed(lambda c: replace(c, capacity_kva=None))(plates)
    assert settle(without_it).amount == settle(plates).amount


def test_a_month_without_any_terms_is_refused_without_lines() -> None:
    bill = settle(replace(PLANT, terms=()))
    assert not bill.lines
    assert not bill.is_final


def test_registers_that_count_nothing_give_no_energy_lines() -> None:
    nothing = replace(
        PERIODS, pairs=[replace(p, closing=replace(p.closing, value=p.opening.value)) for p in PERIODS.pairs]
    )
    bill = settle(nothing)
    assert not bill.lines
    assert not bill.findings
    assert bill.energy_kwh == 0


def test_intervals_of_another_grid_than_the_month_are_missing() -> None:
    starts = slot_grid(NIGHT.starts_at, NIGHT.ends_at, 60) + np.timedelta64(7, "m")
    bill = settle(hours(lambda i: replace(i, starts_at=starts))(NIGHT))
    assert Code.PERIODS_BY_TIME in {finding.code for finding in bill.findings}


def test_a_suspension_that_lasts_long_enough_already_is_not_told() -> None:
    bill = settle(replace(CAPACITY, suspensions=[replace(s, ends_at=None) for s in CAPACITY.suspensions]))
    assert not bill.findings


def test_energy_that_intervals_allocated_says_so() -> None:
    assert [line.basis.get("allocated_by") for line in settle(NIGHT).lines] == ["intervals", "intervals"]
    assert [line.basis.get("allocated_by") for line in settle(PERIODS).lines] == [None] * 6
