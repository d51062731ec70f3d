"""Bills to the cent against cases worked out by hand or published."""

from __future__ import annotations

from decimal import Decimal

import pytest

from analysis.settlement.settle import settle
from tests.bill_cases import BillCase, bill_cases

each_case = pytest.mark.parametrize("case", bill_cases(), ids=lambda case: case.name)
SAID_OF_LINES = ("item", "period", "unit")
NUMBERS_OF_LINES = ("quantity", "price", "days", "of_days", "amount")


@each_case
def test_a_bill_is_what_the_case_says_to_the_cent(case: BillCase) -> None:
    bill = settle(case.month)
    got = [
        {"item": line.item, "period": line.period, "amount": line.amount, "quantity": line.quantity}
        for line in bill.lines
    ]
    for wanted in case.expected["line"]:
        (line,) = [
            line
            for line in bill.lines
            if all(getattr(line, key) == wanted[key] for key in SAID_OF_LINES if key in wanted)
            and ("quantity" not in wanted or line.quantity == Decimal(wanted["quantity"]))
            and ("price" not in wanted or line.price == Decimal(wanted["price"]))
        ] or [None]
        assert line is not None, (wanted, got)
        for key in NUMBERS_OF_LINES:
            if key in wanted:
                assert getattr(line, key) == Decimal(wanted[key]), (key, wanted, got)
        for key, value in wanted.get("basis", {}).items():
            assert line.basis[key] == value, (key, line.basis)
    assert len(bill.lines) == len(case.expected["line"]), got
    assert bill.amount == Decimal(case.expected["amount"])
    assert sorted(finding.code for finding in bill.findings) == sorted(case.expected.get("codes", []))
    assert bill.is_final == case.expected.get("final", True)
    for key in ("energy_kwh", "power_factor", "tax", "losses_kwh", "reactive_kvarh"):
        if key in case.expected:
            assert getattr(bill, key) == Decimal(case.expected[key]), key
    for period, kwh in case.expected.get("energy_by_period", {}).items():
        assert bill.energy_by_period[period] == Decimal(kwh), period
