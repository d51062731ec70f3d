"""The demand that is charged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from analysis.settlement.billing_month import DemandReading
from analysis.settlement.demand import (
    BilledDemand,
    actual_demand,
    billed_demand,
    demand_price_factor,
    part_demand,
)
from analysis.settlement.settle import settle
from pipeline.model import MeterId
from pipeline.tariff import BasicTerms, LeastOf
from tests.bill_cases import bill_case

APRIL = bill_case("05_contract_demand_exceeded").month
MIDDLE = APRIL.starts_at + timedelta(days=10)


def kept(kw: str, factor: int = 1, sign: int = 1) -> DemandReading:
    return DemandReading(meter=MeterId("M"), kw=Decimal(kw), at=None, factor=Decimal(factor), sign=sign)


def test_demands_of_the_same_time_are_added_sub_meters_taken_off() -> None:
    month = replace(APRIL, demands=[kept("2.5", 100), kept("1.0", 60), kept("0.5", 20, sign=-1)])
    assert actual_demand(month) == Decimal("300.0")


def test_of_meters_one_after_another_the_highest_counts() -> None:
    old, new = replace(kept("3", 100), ends_at=MIDDLE), replace(kept("4", 60), starts_at=MIDDLE)
    beside = kept("10")
    assert actual_demand(replace(APRIL, demands=[new, old])) == 300
    assert actual_demand(replace(APRIL, demands=[new, beside, old])) == 310


def test_no_meter_kept_one() -> None:
    assert actual_demand(replace(APRIL, demands=())) is None


RAISED = bill_case("23_contract_demand_raised").month
SIXTEENTH = RAISED.terms[1].starts_at


def test_a_maximum_counts_for_the_part_of_the_month_in_which_it_came() -> None:
    before = part_demand(RAISED, [(RAISED.starts_at, SIXTEENTH)])
    assert (before.kw, before.at_most_kw) == (Decimal("400.0"), Decimal(900))
    assert before.shown is not None
    assert part_demand(RAISED, [(SIXTEENTH, RAISED.ends_at)]).kw == 900
    assert part_demand(RAISED, [(RAISED.starts_at, RAISED.ends_at)]).kw == 900


def test_what_was_drawn_before_the_maximum_is_refused_without_intervals_where_it_might_exceed() -> None:
    blind = replace(RAISED, intervals=None)
    assert part_demand(blind, [(RAISED.starts_at, SIXTEENTH)]).kw is None
    refused = [finding.parameters["what"] for finding in settle(blind).findings if finding.refuses]
    assert refused == ["P 2026-03-01..2026-03-15"]
    # At most 520 kW in the month: 105 % of 500 are 525, so that nothing can have exceeded either.
    low = replace(blind, demands=[replace(blind.demands[0], kw=Decimal("1.3"))])
    assert settle(low).is_final


def test_a_maximum_of_another_month_is_no_demand_of_this_one() -> None:
    old = replace(RAISED.demands[0], at=RAISED.starts_at - timedelta(days=40))
    assert actual_demand(replace(RAISED, demands=[old])) is None
    closing = replace(RAISED.demands[0], at=RAISED.ends_at)
    assert actual_demand(replace(RAISED, demands=[closing])) == 900


def test_the_least_demand_is_a_share_of_the_contracts_capacity_where_the_terms_say_so() -> None:
    month = bill_case("26_least_demand_while_half_rests").month
    (terms,) = month.terms
    assert terms.tariff.basic is not None
    older = replace(terms.tariff, basic=replace(terms.tariff.basic, least_of=LeastOf.CONTRACT))
    bill = settle(replace(month, terms=[replace(terms, tariff=older)]))
    # 40 % of 2000 kVA all month: 800 x 40 x 31/31.
    assert [line.amount for line in bill.lines if line.item == "basic_demand"] == [Decimal("32000.00")]


@pytest.mark.parametrize(
    ("actual", "agreed", "expected"),
    [
        # 105 % of 1000 is still as agreed; what is above it is over. 40 % of 2000 kVA are the least.
        ("900", "1000", BilledDemand(kw=Decimal(1000))),
        ("1050", "1000", BilledDemand(kw=Decimal(1000))),
        ("1051", "1000", BilledDemand(kw=Decimal(1000), over_kw=Decimal(1))),
        ("840", "500", BilledDemand(kw=Decimal(800), least_kw=Decimal(800))),
        (None, "1000", BilledDemand(kw=Decimal(1000))),
        ("321.5", None, BilledDemand(kw=Decimal("321.5"))),
        (None, None, None),
    ],
)
def test_a_contract_demand_is_charged_as_agreed_up_to_105_percent(
    actual: str | None, agreed: str | None, expected: BilledDemand | None
) -> None:
    found = billed_demand(
        BasicTerms(),
        None if actual is None else Decimal(actual),
        None if agreed is None else Decimal(agreed),
        Decimal(2000),
    )
    assert found == expected


def test_an_actual_demand_has_a_least_one_only_where_the_terms_say_so() -> None:
    older = BasicTerms(least_actual_share=Decimal("0.40"))
    assert billed_demand(older, Decimal(228), None, Decimal(800)) == BilledDemand(
        kw=Decimal("320.00"), least_kw=Decimal("320.00")
    )
    assert billed_demand(older, Decimal(228), None, None) == BilledDemand(kw=Decimal(228))


@pytest.mark.parametrize(("kwh", "factor"), [("163799", "1"), ("163800", "0.9"), ("200000", "0.9")])
def test_from_260_kwh_per_kva_on_demand_costs_nine_tenths(kwh: str, factor: str) -> None:
    terms = BasicTerms(full_use_kwh_per_kva=Decimal(260))
    assert demand_price_factor(terms, Decimal(kwh), Decimal(630))[0] == Decimal(factor)
    assert demand_price_factor(BasicTerms(), Decimal(kwh), Decimal(630)) == (Decimal(1), None)
    assert demand_price_factor(terms, Decimal(kwh), None) == (Decimal(1), None)
