"""Half up away from zero, and shares that add up."""

from decimal import Decimal

import pytest

from analysis.settlement.rounding import rounded, shares


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        ("0.125", 2, "0.13"),
        ("-0.125", 2, "-0.13"),
        ("0.1249999", 2, "0.12"),
        ("7.5", 0, "8"),
        ("-9.075", 2, "-9.08"),
    ],
)
def test_halves_are_rounded_away_from_zero(value: str, decimals: int, expected: str) -> None:
    assert rounded(Decimal(value), decimals) == Decimal(expected)


def test_shares_add_up_and_the_largest_remainders_go_first() -> None:
    # 10.00 in three: 333.33 hundredths each, one is left and goes to the first.
    assert shares(Decimal("10.00"), [1, 1, 1], 2) == [Decimal("3.34"), Decimal("3.33"), Decimal("3.33")]
    # 1.00 as 1 : 2 : 3.5 of 6.5: 15.38, 30.77, 53.85 hundredths.
    assert shares(Decimal(1), [1, 2, 3.5], 2) == [Decimal("0.15"), Decimal("0.31"), Decimal("0.54")]


def test_a_total_with_finer_digits_is_shared_in_those() -> None:
    assert shares(Decimal("0.001"), [1, 1], 2) == [Decimal("0.001"), Decimal(0)]


def test_a_negative_total_is_shared_as_its_positive() -> None:
    assert shares(Decimal("-1.00"), [3, 1], 2) == [Decimal("-0.75"), Decimal("-0.25")]
