"""The month's power factor and who is adjusted by it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from analysis.settlement.billing_month import BillingMonth
from analysis.settlement.power_factor_charge import power_factor_of
from analysis.settlement.settle import settle
from tests.bill_cases import bill_case

MONTH = bill_case("07_power_factor").month


@pytest.mark.parametrize(
    ("kwh", "lagging", "leading", "expected"),
    [
        ("300", "400", "0", "0.60"),
        ("300", "350", "50", "0.60"),
        ("100", "49.83", "0", "0.90"),  # 0.895039
        ("100", "49.84", "0", "0.89"),  # 0.894999
        ("5", "0", "0", "1.00"),
    ],
)
def test_it_is_rounded_to_hundredths(kwh: str, lagging: str, leading: str, expected: str) -> None:
    assert power_factor_of(Decimal(kwh), Decimal(lagging), Decimal(leading)).value == Decimal(expected)


def test_without_active_energy_there_is_none() -> None:
    assert power_factor_of(Decimal(0), Decimal(5), Decimal(0)).value is None
    assert power_factor_of(Decimal(0), Decimal(0), Decimal(0)).value is None


def agreed(**values: object) -> BillingMonth:
    (terms,) = MONTH.terms
    return replace(MONTH, terms=[replace(terms, contract=replace(terms.contract, **values))])  # type: ignore[arg-type]  # fields of a contract


@pytest.mark.parametrize(
    ("values", "standard"),
    [
        ({"category": "large industry", "capacity_kva": 800.0}, 0.90),
        ({"category": "agriculture", "capacity_kva": 800.0}, 0.80),
        ({"category": "large industry", "power_factor_standard": 0.85}, 0.85),
        ({"category": "agriculture", "capacity_kva": 80.0}, None),
        ({"category": None, "capacity_kva": 80.0}, None),
        ({"category": "residential", "capacity_kva": 800.0}, None),
    ],
    ids=["industry", "agriculture", "as agreed", "small", "small of no class", "a class without one"],
)
def test_the_standard_is_the_contracts_else_that_of_class_and_capacity(
    values: dict[str, object], standard: float | None
) -> None:
    bill = settle(agreed(**values))
    assert bill.is_final
    assert [line.basis["standard"] for line in bill.lines if line.item == "power_factor"] == (
        [] if standard is None else [standard]
    )
