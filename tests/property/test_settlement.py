"""Bills of months as they come: parts are the total, order is nothing, steps and splits are continuous."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analysis.settlement.average_price import price_change, price_parts
from analysis.settlement.bill import Bill
from analysis.settlement.billing_month import (
    BillingMonth,
    Dated,
    DemandReading,
    PointIntervals,
    RegisterEnd,
    RegisterPair,
    RegisterSource,
)
from analysis.settlement.difference import difference_bill
from analysis.settlement.settle import settle
from pipeline.archive_records import MeteringSide
from pipeline.contracts import BasicCharge, Contract, Suspension
from pipeline.errors import DataError
from pipeline.model import MeterId
from pipeline.tariff import (
    BasicTerms,
    DaySchedule,
    EnergyCharge,
    FixedCharge,
    MarketEnergy,
    Period,
    Span,
    Step,
    StepsOver,
    Tariff,
)
from pipeline.timegrid import local_month, slot_grid

ZONE = ZoneInfo("Europe/Berlin")
METER = MeterId("M")
CENT = Decimal("0.01")

money = st.decimals(min_value=0, max_value=2, places=4)
steps_counted = st.integers(0, 10**6)


def register(
    quantity: str, hundredths: int, month: tuple[datetime, datetime], factor: int = 1
) -> RegisterPair:
    source = RegisterSource.SETTLEMENT_FREEZE
    return RegisterPair(
        meter=METER,
        quantity=quantity,
        opening=RegisterEnd(at=month[0], value=Decimal(0), source=source),
        closing=RegisterEnd(at=month[1], value=Decimal(hundredths) / 100, source=source),
        factor=Decimal(factor),
    )


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    night = Span(from_minute=0, to_minute=360, period=Period.VALLEY)
    noon = Span(from_minute=600, to_minute=720, period=Period.PEAK)
    prices = {period: draw(money) for period in (Period.PEAK, Period.FLAT, Period.VALLEY)}
    steps = draw(st.lists(st.tuples(st.integers(0, 9000), money), max_size=3, unique_by=lambda s: s[0]))
    return Tariff(
        id="T",
        charges=(EnergyCharge(item="energy", prices=prices), EnergyCharge(item="fund", price=draw(money))),
        fixed=(FixedCharge(item="meter", price=draw(money)),),
        schedules=(DaySchedule(spans=(night, noon)),),
        steps=tuple(Step(above_kwh=Decimal(above), added=added) for above, added in steps),
        basic=BasicTerms(capacity_price=draw(money) * 10, demand_price=draw(money) * 20),
        power_factor=draw(st.booleans()),
        tax_included=draw(st.booleans()),
    )


@st.composite
def months(draw: st.DrawFn) -> BillingMonth:
    """A month with one meter's registers, with or without rates, and even or uneven intervals."""
    number = draw(st.sampled_from([2, 3, 4, 10]))
    edges = local_month(2026, number, ZONE)
    counted = {rate: draw(steps_counted) for rate in (2, 3, 4)}
    factor = draw(st.sampled_from([1, 40, 1500]))
    pairs = [register("active_energy_import", sum(counted.values()), edges, factor)]
    pairs.append(register("reactive_energy_import", draw(steps_counted), edges, factor))
    if draw(st.booleans()):
        pairs += [
            register(f"active_energy_import_t{rate}", count, edges, factor) for rate, count in counted.items()
        ]
    starts = slot_grid(*edges, 60)
    rng = np.random.default_rng(draw(st.integers(0, 100)))
    kwh = rng.random(len(starts)) * sum(counted.values()) * factor / 50.0 / len(starts)
    start = edges[0] + timedelta(days=draw(st.integers(0, 10)))
    return BillingMonth(
        service_point="P",
        month=f"2026-{number:02}",
        starts_at=edges[0],
        ends_at=edges[1],
        zone=ZONE,
        terms=[
            Dated(
                starts_at=edges[0],
                ends_at=edges[1],
                contract=Contract(
                    service_point="P",
                    capacity_kva=draw(st.sampled_from([200.0, 1000.0])),
                    basic_charge=draw(st.sampled_from(BasicCharge)),
                    contract_demand_kw=draw(st.sampled_from([None, 300.0])),
                    category="large industry",
                ),
                tariff=draw(tariffs()),
            )
        ],
        pairs=pairs,
        demands=[DemandReading(meter=METER, kw=Decimal(draw(st.integers(0, 900))), at=None)],
        suspensions=[
            Suspension(
                id="S",
                service_point="P",
                starts_at=start,
                ends_at=start + timedelta(days=15),
                remaining_kva=100,
            )
        ],
        intervals=PointIntervals(
            starts_at=starts, minutes=60, import_kwh=kwh, quality=np.full(len(starts), "A")
        ),
        market=[
            MarketEnergy(service_point="P", month=f"2026-{number:02}", price=draw(money), share=share)
            for share in draw(st.lists(st.decimals(0, 1, places=2), max_size=2))
        ],
    )


@given(months())
@settings(max_examples=60, deadline=None)
def test_parts_are_the_total(month: BillingMonth) -> None:
    bill = settle(month)
    total = month.pairs[0].energy
    assert bill.energy_kwh == total == sum(bill.energy_by_period.values())
    assert bill.amount == sum(line.amount for line in bill.lines)
    energy = sum(line.quantity for line in bill.lines if line.item in {"energy", "market"})
    assert energy == total
    for line in bill.lines:
        exact = line.quantity * line.price * line.days / line.of_days
        assert abs(line.amount - exact) <= CENT / 2
        assert line.amount == line.amount.quantize(CENT)


@given(months())
@settings(max_examples=30, deadline=None)
def test_settling_twice_gives_the_same_bill_and_an_empty_difference(month: BillingMonth) -> None:
    bill = settle(month)
    assert settle(month) == bill
    assert difference_bill(bill, settle(month)).is_empty


@given(months(), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_records_is_nothing(month: BillingMonth, random: object) -> None:
    shuffle = random.shuffle  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    mixed: Mapping[str, list[object]] = {
        name: list(getattr(month, name)) for name in ("pairs", "market", "suspensions", "demands", "terms")
    }
    for records in mixed.values():
        shuffle(records)
    assert settle(replace(month, **mixed)) == settle(month)  # type: ignore[arg-type]  # records as they were


@given(months(), st.integers(1, 26))
@settings(max_examples=30, deadline=None)
def test_a_contract_that_is_filed_anew_unchanged_changes_nothing(month: BillingMonth, day: int) -> None:
    (terms,) = month.terms
    at = month.starts_at + timedelta(days=day)
    split = replace(month, terms=[replace(terms, ends_at=at), replace(terms, starts_at=at)])
    assert settle(split) == settle(month)


@given(months(), months())
@settings(max_examples=30, deadline=None)
def test_a_difference_bill_adds_up_to_the_new_one(old: BillingMonth, new: BillingMonth) -> None:
    before, after = settle(old), settle(replace(new, month=old.month))
    difference = difference_bill(before, after)
    assert before.amount + difference.amount == after.amount


SHIFTS = st.integers(-40, 40).map(lambda hours: timedelta(hours=hours * 7))
SPOILT = st.sampled_from([Decimal("NaN"), Decimal(-1), Decimal("0.005"), Decimal(10) ** 9])


@st.composite
def damaged_registers(draw: st.DrawFn, pair: RegisterPair) -> list[RegisterPair]:
    """One register, mostly as it was; else dropped, moved, doubled, taken off again or spoilt."""
    match draw(st.sampled_from(["keep"] * 12 + ["drop", "move", "spoil", "double", "sub"])):
        case "drop":
            return []
        case "move":
            return [replace(pair, closing=replace(pair.closing, at=pair.closing.at + draw(SHIFTS)))]
        case "spoil":
            return [replace(pair, closing=replace(pair.closing, value=draw(SPOILT)))]
        case "double":
            return [pair, pair]
        case "sub":
            return [pair, replace(pair, sign=-1, meter=MeterId("S"))]
    return [pair]


@st.composite
def damaged_months(draw: st.DrawFn) -> BillingMonth:
    """A month whose registers, terms and intervals were damaged."""
    month = draw(months())
    pairs = [kept for pair in month.pairs for kept in draw(damaged_registers(pair))]
    intervals = month.intervals
    if intervals is not None and draw(st.booleans()):
        kwh = intervals.import_kwh * draw(st.sampled_from([1.0, 0.0, -1.0, float("nan"), float("inf")]))
        intervals = draw(st.sampled_from([None, replace(intervals, import_kwh=kwh)]))
    month = replace(
        month, pairs=pairs, intervals=intervals, demands=draw(st.sampled_from([month.demands, ()]))
    )
    if draw(st.booleans()):
        return month
    terms = []
    for dated in month.terms:
        contract = replace(
            dated.contract,
            capacity_kva=draw(st.sampled_from([None, 0.0, 400.0])),
            metering_side=draw(st.sampled_from([None, MeteringSide.LOW])),
        )
        tariff = replace(dated.tariff, basic=draw(st.sampled_from([None, dated.tariff.basic])))
        if draw(st.booleans()):
            terms.append(dated)
        terms.append(
            replace(dated, starts_at=dated.starts_at + draw(SHIFTS), contract=contract, tariff=tariff)
        )
    return replace(month, terms=terms)


@given(damaged_months())
@settings(max_examples=150, deadline=None)
def test_no_month_raises_and_energy_is_billed_whole_or_refused(month: BillingMonth) -> None:
    bill = settle(month)
    assert settle(replace(month, pairs=month.pairs[::-1], terms=month.terms[::-1])) == bill
    assert bill.amount == sum((line.amount for line in bill.lines), Decimal(0))
    assert bill.energy_kwh == sum(bill.energy_by_period.values(), Decimal(0))
    if bill.is_final:
        totals = [pair.energy for pair in bill.registers if pair.quantity == "active_energy_import"]
        rates = [pair.energy for pair in bill.registers if pair.quantity.startswith("active_energy_import_t")]
        counted = sum(totals or rates, Decimal(0))
        # Rates may differ from their total by what the tie-out allows; each period is rounded.
        steps = sum((pair.step * pair.factor for pair in bill.registers), Decimal(0))
        assert abs(bill.energy_kwh - bill.losses_kwh - counted) <= steps + 5 * CENT


@given(months(), months())
@settings(max_examples=30, deadline=None)
def test_effects_on_the_average_price_add_up_exactly(one: BillingMonth, other: BillingMonth) -> None:
    now, reference = price_parts(settle(one)), price_parts(settle(other))
    assume(now is not None and reference is not None)
    assert now is not None
    assert reference is not None
    change = price_change(now, reference)
    assert sum(change.effects.values()) == change.price - change.reference
    bill = settle(one)
    assert abs(change.price - bill.amount / bill.energy_kwh) <= Decimal("0.000001")


@given(
    st.integers(0, 6000),
    st.lists(st.integers(1, 5000), min_size=1, max_size=3, unique=True),
    st.integers(0, 10**4),
    st.integers(0, 100),
)
@settings(max_examples=60, deadline=None)
def test_steps_are_continuous_and_go_on_over_a_year(
    before: int, bounds: list[int], hundredths: int, more: int
) -> None:
    edges = local_month(2026, 4, ZONE)
    tariff = Tariff(
        id="T",
        charges=(EnergyCharge(item="energy", price=Decimal("0.5")),),
        steps=tuple(Step(above_kwh=Decimal(bound), added=Decimal("0.1")) for bound in bounds),
        steps_over=StepsOver.YEAR,
    )

    def bill(counted: int, billed_before: Decimal) -> Bill:
        return settle(
            BillingMonth(
                service_point="P",
                month="2026-04",
                starts_at=edges[0],
                ends_at=edges[1],
                zone=ZONE,
                terms=[
                    Dated(
                        starts_at=edges[0],
                        ends_at=edges[1],
                        contract=Contract(service_point="P", basic_charge=BasicCharge.NONE),
                        tariff=tariff,
                    )
                ],
                pairs=[register("active_energy_import", counted, edges)],
                billed_before_kwh=billed_before,
            )
        )

    one = bill(hundredths, Decimal(before))
    larger = bill(hundredths + more, Decimal(before))
    # A hundredth of a kWh costs 0.6 at most of the highest step: amounts grow without a leap.
    assert Decimal(0) <= larger.amount - one.amount <= Decimal(more) / 100 * Decimal("0.6") + 4 * CENT
    rest = bill(more, before + one.energy_kwh)
    assert abs(one.amount + rest.amount - larger.amount) <= 8 * CENT


def test_bills_of_two_points_have_no_difference() -> None:
    bill = Bill(
        service_point="P",
        month="2026-04",
        starts_at=datetime(2026, 4, 1, tzinfo=UTC),
        ends_at=datetime(2026, 5, 1, tzinfo=UTC),
        lines=(),
        registers=(),
        energy_kwh=Decimal(0),
    )
    with pytest.raises(DataError, match="both must be of one point and month"):
        difference_bill(bill, replace(bill, service_point="Q"))
