from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from analysis.settlement.average_price import Effect
from detectors.usage.price_reference import change, likeness, priced, reference
from pipeline.contracts import Contract
from tests.unit.detectors.usage.billed_fleet import fleet

REGISTRY, BILLS = fleet(5, 1, 1)


def test_the_usual_price_is_the_median_and_its_spread_the_mad() -> None:
    prices = ["0.50", "0.60", "0.62", "0.66", "5.00"]
    months = [priced(replace(b, price=Decimal(p)), None, 1) for b, p in zip(BILLS, prices, strict=True)]
    usual = reference("peers", [month.price for month in months if month is not None])
    # By hand: median 0.62; the distances 0.12, 0.02, 0, 0.04, 4.38 have the median 0.04.
    assert (usual.usual, usual.members) == (0.62, 5)
    assert usual.mad == pytest.approx(0.04)
    assert usual.scores(5.0, 0.01) == pytest.approx(4.38 / (1.4826 * 0.04))
    assert usual.apart(0.31) == pytest.approx(-0.5)


def test_prices_that_are_all_alike_still_have_a_spread() -> None:
    month = priced(BILLS[0], None, 1)
    assert month is not None
    usual = reference("own", [month.price] * 6)
    assert usual.mad == 0.0
    assert usual.scores(usual.usual * 1.01, 0.01) == pytest.approx(1 / 1.4826)


def test_effects_lead_from_the_median_month_at_its_level() -> None:
    months = [month for month in (priced(bill, None, 1) for bill in BILLS) if month is not None]
    made_of = change(months[0], months, [1.0] * len(months))
    assert made_of is not None
    assert float(made_of.reference) == pytest.approx(sorted(month.price for month in months)[2], abs=1e-6)
    assert sum(made_of.effects.values()) == made_of.price - made_of.reference
    doubled = change(months[0], months, [2.0] * len(months))
    assert doubled is not None
    assert float(doubled.reference) == pytest.approx(2 * float(made_of.reference), abs=1e-5)
    assert change(months[0], [], []) is None


def test_customers_of_two_sizes_differ_by_nothing_but_their_use() -> None:
    contract = Contract(service_point="P0", capacity_kva=400.0)
    small = replace(BILLS[0], kwh=Decimal(100_000), basic=Fraction(9200), price=Decimal("0.7"))
    large = replace(small, kwh=Decimal(150_000), basic=Fraction(18_400), price=Decimal("0.7"))
    one, two = priced(small, contract, 1), priced(large, replace(contract, capacity_kva=800.0), 1)
    assert one is not None
    assert two is not None
    made_of = change(two, [one], [1.0])
    assert made_of is not None
    # 23 yuan/kVA for both; on 187.5 kWh a kVA it weighs 0.030667 more than on 250.
    assert made_of.effects[Effect.BASIC] == 0
    assert made_of.effects[Effect.USE] == Decimal("0.030667")


def test_too_little_energy_has_no_price() -> None:
    assert priced(replace(BILLS[0], kwh=Decimal(0)), None, 0) is None
    assert priced(BILLS[0], None, 1e9) is None


def test_like_customers_share_class_and_capacity_band() -> None:
    def band(kva: float | None) -> tuple[str, int] | None:
        return likeness(replace(REGISTRY.contracts[0], capacity_kva=kva))

    assert band(99.0) == ("large_industry", 0)
    assert band(100.0) == band(314.0) == ("large_industry", 1)
    assert band(315.0) == ("large_industry", 2)
    assert band(None) is None
    assert likeness(None) is None
