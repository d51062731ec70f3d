"""Capacity that ran from day to day under suspensions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from analysis.settlement.billing_month import BillingMonth
from analysis.settlement.running_capacity import running_days, suspension_findings
from analysis.settlement.segments import segments_of
from analysis.settlement.settle import settle
from pipeline.archive_records import Transformer
from pipeline.contracts import Suspension, SuspensionKind
from pipeline.tariff import BasicTerms
from tests.bill_cases import bill_case

MARCH = bill_case("04_capacity_with_suspension").month
UNITS = (
    Transformer(id="T1", service_point="P", capacity_kva=600.0),
    Transformer(id="T2", service_point="P", capacity_kva=400.0),
)


def rest(  # noqa: PLR0913, PLR0917 - a record of the archive
    first: int,
    days: int,
    remaining: float = 0.0,
    units: tuple[str, ...] = (),
    kind: SuspensionKind = SuspensionKind.STOP,
    hours: int = 0,
) -> Suspension:
    """Return a suspension from a day of March on."""
    starts_at = datetime(2026, 3, first, hours, tzinfo=MARCH.zone)
    return Suspension(
        id=f"S{first}",
        service_point="P",
        kind=kind,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(days=days),
        remaining_kva=remaining,
        transformers=units,
    )


def running(*suspensions: Suspension, waiving: tuple[str, ...] | None = None) -> list[int]:
    """Return what ran on each day of March, kVA."""
    (terms,) = MARCH.terms
    tariff = terms.tariff
    if waiving is not None:
        tariff = replace(tariff, basic=BasicTerms(capacity_price=Decimal(26), waiving=waiving))
    month = replace(MARCH, suspensions=suspensions, transformers=UNITS, terms=[replace(terms, tariff=tariff)])
    return [int(day.running_kva or 0) for day in running_days(month, segments_of(month))]


def findings(month: BillingMonth) -> list[tuple[str, object]]:
    return [(f.code, f.parameters.get("days")) for f in suspension_findings(month, [BasicTerms()])]


def test_named_units_take_their_own_capacity_off_once() -> None:
    both = running(rest(1, 20, units=("T1",)), rest(11, 20, units=("T1", "T2")))
    assert both == [400] * 10 + [0] * 20 + [1000]


def test_the_strictest_of_two_suspensions_without_units_counts() -> None:
    assert (
        running(rest(1, 20, remaining=500), rest(6, 20, remaining=300)) == [500] * 5 + [300] * 20 + [1000] * 6
    )


def test_units_that_nobody_filed_leave_what_was_agreed_to_remain() -> None:
    assert running(rest(1, 31, remaining=250, units=("T9",))) == [250] * 31


def test_a_unit_without_a_plate_waives_nothing_and_refuses_the_bill() -> None:
    # T9 rests and nobody filed how large it is: what is left of the 1000 kVA cannot be told.
    month = replace(MARCH, suspensions=[rest(1, 31, units=("T1", "T9"))], transformers=UNITS)
    days = running_days(month, segments_of(month))
    assert {(day.running_kva, day.resting_kva, day.rests) for day in days} == {(None, Decimal(0), False)}
    bill = settle(month)
    (found,) = [f for f in bill.findings if f.refuses]
    assert (found.code, found.parameters["what"]) == ("transformer_unknown", "T9.capacity_kva")
    without = Transformer(id="T9", service_point="P")
    unfiled = settle(replace(month, transformers=[*UNITS, without]))
    assert not unfiled.is_final
    # With its 300 kVA: 1000 - 600 - 300 = 100 kVA x 26 yuan.
    whole = settle(replace(month, transformers=[*UNITS, replace(without, capacity_kva=300.0)]))
    assert whole.is_final
    assert [line.amount for line in whole.lines if line.item == "basic_capacity"] == [Decimal("2600.00")]


def test_a_suspension_without_units_counts_beside_one_with_them() -> None:
    # T1's 600 kVA rest, and 300 kVA are agreed to remain: the less of 400 and 300.
    assert running(rest(1, 31, units=("T1",)), rest(2, 30, remaining=300)) == [400] + [300] * 30


def test_a_day_used_in_part_is_used() -> None:
    # Sealed at noon of the 5th, unsealed at noon of the 25th: the 5th and the 25th are used.
    assert running(rest(5, 20, hours=12)) == [1000] * 5 + [0] * 19 + [1000] * 7


def test_fifteen_days_waive_and_fourteen_do_not() -> None:
    assert running(rest(1, 15)) == [0] * 15 + [1000] * 16
    assert running(rest(1, 14)) == [1000] * 31


def test_days_outside_the_month_count_towards_the_fifteen() -> None:
    assert running(rest(25, 15)) == [1000] * 24 + [0] * 7


def test_only_kinds_that_the_terms_name_waive() -> None:
    reduction = rest(1, 31, remaining=400, kind=SuspensionKind.REDUCTION)
    assert running(reduction) == [400] * 31
    assert running(reduction, waiving=("stop",)) == [1000] * 31


def test_a_closed_account_needs_no_fifteen_days() -> None:
    assert running(rest(30, 2, kind=SuspensionKind.CLOSED)) == [1000] * 29 + [0, 0]


def test_short_suspensions_are_told_with_their_days() -> None:
    month = replace(MARCH, suspensions=[rest(5, 14, hours=12), rest(20, 30)])
    assert findings(month) == [("suspension_too_short", 13)]


def test_suspensions_of_other_months_are_not_told() -> None:
    begins = MARCH.starts_at - timedelta(days=40)
    past = replace(rest(1, 1), starts_at=begins, ends_at=begins + timedelta(days=3))
    assert findings(replace(MARCH, suspensions=[past])) == []
