"""Difference bills: what changed, what came, what went."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from analysis.settlement.difference import difference_bill
from analysis.settlement.settle import settle
from tests.bill_cases import bill_case

MONTH = bill_case("15_interim_bills_taken_off").month
ESTIMATED = settle(MONTH)


def test_actual_registers_in_place_of_estimates_give_their_difference() -> None:
    # 310.50 instead of 300 steps x 100: 1050 kWh more x 0.62 = 651.00; tax 651 x 13/113 = 74.89
    (pair,) = MONTH.pairs
    read = replace(pair, closing=replace(pair.closing, value=Decimal("310.50")))
    found = difference_bill(ESTIMATED, settle(replace(MONTH, pairs=[read])))
    (line,) = found.lines
    assert (line.item, line.amount, found.amount) == ("energy", Decimal("651.00"), Decimal("651.00"))
    assert (line.quantity_before, line.quantity_after) == (Decimal(30000), Decimal(31050))
    assert (found.energy_kwh, found.tax) == (Decimal(1050), Decimal("74.89"))


def test_lines_that_came_and_went_are_differences_from_nothing() -> None:
    without = settle(replace(MONTH, interim=MONTH.interim[:1]))
    (gone,) = difference_bill(ESTIMATED, without).lines
    assert (gone.item, gone.amount_before, gone.amount_after) == ("interim", Decimal("-6448.00"), Decimal(0))
    (came,) = difference_bill(without, ESTIMATED).lines
    assert (came.item, came.amount) == ("interim", Decimal("-6448.00"))


def test_a_new_price_is_a_difference_of_the_same_line() -> None:
    (terms,) = MONTH.terms
    (charge,) = terms.tariff.charges
    dearer = replace(terms.tariff, charges=(replace(charge, price=Decimal("0.63")),))
    found = difference_bill(ESTIMATED, settle(replace(MONTH, terms=[replace(terms, tariff=dearer)])))
    (line,) = found.lines
    assert (line.quantity_before, line.quantity_after) == (Decimal(30000), Decimal(30000))
    assert found.amount == Decimal("300.00")
    assert not found.is_empty
