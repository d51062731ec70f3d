"""Bills to the cent against cases worked out by hand or published."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from analysis.settlement.bill import BillLine
from analysis.settlement.settle import settle
from tests.bill_cases import BillCase, bill_cases

each_case = pytest.mark.parametrize("case", bill_cases(), ids=lambda case: case.name)
SAID_OF_LINES = ("item", "period", "unit")
NUMBERS_OF_LINES = ("quantity", "price", "days", "of_days", "amount")


@each_case
def test_a_bill_is_what_the_case_says_to_the_cent(case: BillCase) -> None:
    bill = settle(case.month)
    got = [(line.item, line.period, line.quantity, line.price, line.amount) for line in bill.lines]
    for wanted in case.expected["line"]:
        fitting = [line for line in bill.lines if _fits(line, wanted)]
        assert len(fitting) == 1, (wanted, got)
        for key, value in wanted.get("basis", {}).items():
            assert fitting[0].basis[key] == value, (key, fitting[0].basis)
    assert len(bill.lines) == len(case.expected["line"]), got
    assert bill.amount == Decimal(case.expected["amount"])
    assert sorted(finding.code for finding in bill.findings) == sorted(case.expected.get("codes", []))
    assert bill.is_final == case.expected.get("final", True)
    for key in ("energy_kwh", "power_factor", "tax", "losses_kwh", "reactive_kvarh"):
        if key in case.expected:
            assert getattr(bill, key) == Decimal(case.expected[key]), key
    for period, kwh in case.expected.get("energy_by_period", {}).items():
        assert bill.energy_by_period[period] == Decimal(kwh), period


def _fits(line: BillLine, wanted: Mapping[str, Any]) -> bool:  # Any: TOML
    return all(getattr(line, key) == wanted[key] for key in SAID_OF_LINES if key in wanted) and all(
        getattr(line, key) == Decimal(wanted[key]) for key in NUMBERS_OF_LINES if key in wanted
    )
