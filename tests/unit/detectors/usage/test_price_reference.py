from dataclasses import replace
from decimal import Decimal

import pytest

from detectors.usage.price_reference import likeness, priced, reference, usual_effects
from tests.unit.detectors.usage.billed_fleet import fleet

REGISTRY, BILLS = fleet(5, 1, 1)


def test_the_usual_price_is_the_median_and_its_spread_the_mad() -> None:
    prices = ["0.50", "0.60", "0.62", "0.66", "5.00"]
    months = [
        priced(replace(b, kwh=Decimal(1000), amount=1000 * Decimal(p)), 1)
        for b, p in zip(BILLS, prices, strict=True)
    ]
    usual = reference("peers", [month.price for month in months if month is not None])
    # By hand: median 0.62; the distances 0.12, 0.02, 0, 0.04, 4.38 have the median 0.04.
    assert (usual.usual, usual.members) == (0.62, 5)
    assert usual.mad == pytest.approx(0.04)
    assert usual.scores(5.0, 0.01) == pytest.approx(4.38 / (1.4826 * 0.04))
    assert usual.apart(0.31) == pytest.approx(-0.5)


def test_prices_that_are_all_alike_still_have_a_spread() -> None:
    month = priced(BILLS[0], 1)
    assert month is not None
    usual = reference("own", [month.price] * 6)
    assert usual.mad == 0.0
    assert usual.scores(usual.usual * 1.01, 0.01) == pytest.approx(1 / 1.4826)


def test_effects_are_medians_and_too_little_energy_has_no_price() -> None:
    months = [month for month in (priced(bill, 1) for bill in BILLS) if month is not None]
    effects = usual_effects(months, [1.0] * len(months))
    assert effects["price"] == pytest.approx(0.65, abs=0.05)
    assert usual_effects(months, [2.0] * len(months))["price"] == pytest.approx(2 * effects["price"])
    assert priced(replace(BILLS[0], kwh=Decimal(0)), 0) is None
    assert priced(BILLS[0], 1e9) is None


def test_like_customers_share_class_and_capacity_band() -> None:
    def band(kva: float | None) -> tuple[str, int] | None:
        return likeness(replace(REGISTRY.contracts[0], capacity_kva=kva))

    assert band(99.0) == ("large_industry", 0)
    assert band(100.0) == band(314.0) == ("large_industry", 1)
    assert band(315.0) == ("large_industry", 2)
    assert band(None) is None
    assert likeness(None) is None
