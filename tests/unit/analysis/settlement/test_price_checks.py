"""Average prices that are impossible, or outliers of their class or of their own months."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from analysis.settlement.average_price import Effect, PriceParts
from analysis.settlement.price_checks import PriceCode, check_price, robust_score
from pipeline.bill_texts import bill_text, word_of


def month(
    valley_share: str = "0.4", peak: str = "0.9", kwh: int = 100_000, basic: int = 20_000
) -> PriceParts:
    """Return a plant's month: 0.4 valley at 0.3, the rest at 0.9; 20 000 yuan of basic charge."""
    valley = Fraction(valley_share)
    return PriceParts(
        kwh=Fraction(kwh),
        shares={"peak": 1 - valley, "valley": valley},
        prices={"peak": Fraction(peak), "valley": Fraction("0.3")},
        steps=Fraction(0),
        power_factor=Fraction(0),
        basic=Fraction(basic),
        other=Fraction(0),
    )


USUAL = [month(valley_share=f"0.{share}") for share in (38, 39, 40, 41, 42, 40, 39, 41)]


def test_a_usual_month_is_not_told() -> None:
    assert check_price(month(), USUAL, USUAL, Decimal("0.30")) == []


def test_a_price_below_the_valley_is_impossible_and_says_so() -> None:
    (found,) = check_price(month("1", basic=-1000), [], [], Decimal("0.30"))
    assert (found.code, found.price, found.reference) == (
        PriceCode.IMPOSSIBLE,
        Decimal("0.290000"),
        Decimal("0.30"),
    )
    text = bill_text(f"price_check.{found.code}", "en", price=found.price, reference=found.reference)
    assert text.startswith("The average price of 0.290000 is below 0.30")


@pytest.mark.parametrize(
    ("now", "effect"),
    [
        (month(peak="0.4"), Effect.PRICE),
        (month(valley_share="0.95"), Effect.MIX),
        (month(kwh=20_000), Effect.USE),
        (month(basic=60_000), Effect.BASIC),
    ],
    ids=["a cheaper class", "all at night", "a stopped plant", "a doubled demand"],
)
def test_an_outlier_names_the_effect_that_explains_it(now: PriceParts, effect: Effect) -> None:
    found = check_price(now, USUAL, USUAL, Decimal("0.30"))
    assert [check.code for check in found] == [PriceCode.CLASS, PriceCode.ITSELF]
    assert {check.effect for check in found} == {effect}
    assert word_of("effect", effect, "zh-CN") != effect


def test_few_others_tell_nothing() -> None:
    assert check_price(month(peak="0.4"), USUAL[:4], USUAL[:7], None) == []


def test_a_small_change_of_a_steady_price_is_none() -> None:
    steady = [month()] * 12
    assert check_price(month(valley_share="0.42"), steady, steady, None) == []


def test_scores_are_robust_against_one_wild_value() -> None:
    # Median 10, deviations 1 1 0 1 90: MAD 1: (13 - 10) / 1.4826 = 2.0235
    assert robust_score(13.0, [9.0, 11.0, 10.0, 9.0, 100.0]) == pytest.approx(2.0235, abs=1e-4)
    assert robust_score(1.0, []) is None
    assert robust_score(0.0, [0.0, 0.0]) == 0
    assert robust_score(1.0, [0.0, 0.0]) == float("inf")
