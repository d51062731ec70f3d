"""Average prices and the effects between them, against sums by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from analysis.settlement.average_price import (
    Effect,
    PriceParts,
    lowest_price,
    median_parts,
    price_change,
    price_parts,
)
from analysis.settlement.settle import settle
from pipeline.tariff import DaySchedule, EnergyCharge, MarketEnergy, Period, Span, Step, Tariff
from tests.bill_cases import bill_case


def parts(peak: tuple[str, str], valley: tuple[str, str], kwh: int, power_factor: int = 0) -> PriceParts:
    """Return parts of a share and a price for each of two periods, with 300 yuan of basic charge."""
    return PriceParts(
        kwh=Fraction(kwh),
        shares={"peak": Fraction(peak[0]), "valley": Fraction(valley[0])},
        prices={"peak": Fraction(peak[1]), "valley": Fraction(valley[1])},
        steps=Fraction(0),
        power_factor=Fraction(power_factor),
        basic=Fraction(300),
        other=Fraction(0),
    )


def test_effects_are_those_of_the_sum_by_hand() -> None:
    # Before: 1000 kWh, half at 1.0 and half at 0.4; 300 + 10 yuan: 0.7 + 0.31 = 1.01
    # After:  2000 kWh, a quarter at 1.1, the rest at 0.4; 300 - 20 yuan: 0.575 + 0.14 = 0.715
    # Price: (0.5 + 0.25)/2 x 0.1 = 0.0375; mix: -0.25 x 1.05 + 0.25 x 0.4 = -0.1625
    # Use: 300/2000 - 300/1000 = -0.15; power factor: -0.01 - 0.01 = -0.02; sum -0.295
    before = parts(("0.5", "1.0"), ("0.5", "0.4"), 1000, 10)
    after = parts(("0.25", "1.1"), ("0.75", "0.4"), 2000, -20)
    change = price_change(after, before)
    assert (change.price, change.reference) == (Decimal("0.715000"), Decimal("1.010000"))
    assert change.effects == {
        Effect.PRICE: Decimal("0.037500"),
        Effect.MIX: Decimal("-0.162500"),
        Effect.STEPS: 0,
        Effect.POWER_FACTOR: Decimal("-0.020000"),
        Effect.BASIC: 0,
        Effect.USE: Decimal("-0.150000"),
        Effect.OTHER: 0,
    }
    assert change.main_effect == Effect.MIX


def test_a_period_that_only_one_bill_has_is_an_effect_of_the_mix() -> None:
    before = replace(parts(("1", "1.0"), ("0", "0"), 1000), shares={"peak": Fraction(1)})
    before = replace(before, prices={"peak": Fraction(1)})
    change = price_change(parts(("0.5", "1.0"), ("0.5", "0.4"), 1000), before)
    assert change.effects[Effect.PRICE] == 0
    assert change.effects[Effect.MIX] == Decimal("-0.300000")


def test_parts_of_a_settled_bill_give_its_amount_over_its_energy() -> None:
    # 107593.77 / 122655.60 kWh of the plant with everything at once.
    bill = settle(bill_case("18_everything_together").month)
    found = price_parts(bill)
    assert found is not None
    assert found.price == Fraction("107593.77") / Fraction("122655.60")
    assert found.basic == Fraction("19080.00")
    assert found.power_factor == Fraction("2549.45")
    # Sharp: (3996.06 + 2500.00 of the market at 0.41 + its part of network and fund at 0.125) / 6132.78
    sharp = (Fraction("3996.06") + Fraction("2500.00") * Fraction("0.41")) / Fraction("6132.78")
    assert found.prices["sharp"] == pytest.approx(sharp + Fraction("0.125"), abs=1e-9)


def test_interim_bills_do_not_change_the_price_of_a_month() -> None:
    month = bill_case("15_interim_bills_taken_off").month
    assert price_parts(settle(month)) == price_parts(settle(replace(month, interim=())))


def test_a_bill_without_energy_has_no_price() -> None:
    assert price_parts(settle(bill_case("published_least_demand").month)) is None


def test_the_median_of_a_class_is_the_lower_of_two() -> None:
    cheap, usual, dear = (parts(("1", price), ("0", "0"), 1000) for price in ("0.5", "0.6", "0.7"))
    assert median_parts([dear, cheap, usual]) == usual
    assert median_parts([dear, cheap]) == cheap
    assert median_parts([]) is None


NIGHT = DaySchedule(spans=(Span(from_minute=0, to_minute=480, period=Period.VALLEY),))
SHOPS = Tariff(
    id="shops",
    charges=(
        EnergyCharge(item="energy", prices={Period.FLAT: Decimal("0.6"), Period.VALLEY: Decimal("0.3")}),
        EnergyCharge(item="fund", price=Decimal("0.03")),
        EnergyCharge(item="summer", price=Decimal("0.1"), months=(7, 8)),
    ),
    schedules=(NIGHT,),
)
BOUGHT = MarketEnergy(service_point="P", month="2026-03", price=Decimal("0.2"))


@pytest.mark.parametrize(
    ("tariff", "calendar_month", "market", "lowest"),
    [
        (SHOPS, 3, [], "0.33"),
        (SHOPS, 7, [], "0.43"),
        (SHOPS, 3, [BOUGHT], "0.23"),
        # The best reward of all standards is 1.30 %: 0.80 from 0.92 on.
        (replace(SHOPS, power_factor=True), 3, [], "0.32571"),
        (replace(SHOPS, steps=(Step(above_kwh=Decimal(9), added=Decimal("-0.1")),)), 3, [], None),
        (replace(SHOPS, charges=()), 3, [], None),
    ],
    ids=["valley", "summer", "market", "power factor", "falling steps", "no price"],
)
def test_no_price_is_below_that_of_the_valley(
    tariff: Tariff, calendar_month: int, market: list[MarketEnergy], lowest: str | None
) -> None:
    assert lowest_price(tariff, calendar_month, market) == (None if lowest is None else Decimal(lowest))
