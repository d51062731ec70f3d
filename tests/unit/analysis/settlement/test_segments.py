"""Segments of a month: what cuts it, what does not, and whose day each is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from analysis.settlement.billing_month import BillingMonth
from analysis.settlement.segments import segments_of, term_findings, whole_days
from pipeline.tariff import EnergyCharge, Period
from tests.bill_cases import bill_case

APRIL = bill_case("15_interim_bills_taken_off").month


def split(month: BillingMonth, hours: int, price: str | None = None) -> BillingMonth:
    """Let other terms begin some hours after the month's start; other prices where one is given."""
    (terms,) = month.terms
    at = month.starts_at + timedelta(hours=hours)
    tariff = terms.tariff
    if price is not None:
        tariff = replace(tariff, charges=(EnergyCharge(item="energy", price=Decimal(price)),))
    begun = replace(terms.contract, starts_at=at)
    return replace(
        month, terms=[replace(terms, ends_at=at), replace(terms, starts_at=at, contract=begun, tariff=tariff)]
    )


def test_terms_that_differ_in_dates_alone_are_one_segment() -> None:
    (segment,) = segments_of(split(APRIL, 240))
    assert (segment.starts_at, segment.ends_at, segment.is_whole) == (APRIL.starts_at, APRIL.ends_at, True)
    assert segment.part == (None, None)
    assert len(segment.days) == 30


def test_prices_of_a_period_cut_the_month() -> None:
    (terms,) = APRIL.terms
    peak = EnergyCharge(item="energy", prices={Period.PEAK: Decimal(1)})
    dear = EnergyCharge(item="energy", prices={Period.PEAK: Decimal(2)})
    at = APRIL.starts_at + timedelta(days=5)
    month = replace(
        APRIL,
        terms=[
            replace(terms, ends_at=at, tariff=replace(terms.tariff, charges=(peak,))),
            replace(terms, starts_at=at, tariff=replace(terms.tariff, charges=(dear,))),
        ],
    )
    assert [len(segment.days) for segment in segments_of(month)] == [5, 25]


def test_a_day_belongs_to_the_terms_at_its_midnight() -> None:
    first, second = segments_of(split(APRIL, 12, "0.7"))
    assert first.days == (date(2026, 4, 1),)
    assert second.days[0] == date(2026, 4, 2)
    assert len(second.days) == 29


def test_terms_outside_the_month_are_left_out_and_cut_at_its_edges() -> None:
    (terms,) = APRIL.terms
    long = replace(
        terms, starts_at=APRIL.starts_at - timedelta(days=90), ends_at=APRIL.ends_at + timedelta(days=90)
    )
    before = replace(terms, starts_at=long.starts_at - timedelta(days=9), ends_at=long.starts_at)
    month = replace(APRIL, terms=[long, before])
    assert [segment.is_whole for segment in segments_of(month)] == [True]
    assert term_findings(month) == []


def test_charges_for_some_months_cut_where_the_calendar_month_ends() -> None:
    month = bill_case("17_season_within_a_bill").month
    assert [(s.calendar_month, len(s.days)) for s in segments_of(month)] == [(6, 6), (7, 24)]
    (terms,) = month.terms
    all_year = replace(terms.tariff, charges=(EnergyCharge(item="energy", price=Decimal(1)),))
    plain = replace(month, terms=[replace(terms, tariff=all_year)])
    assert [len(s.days) for s in segments_of(plain)] == [30]


def test_a_gap_that_the_gatherer_told_of_is_not_told_twice() -> None:
    (terms,) = APRIL.terms
    gap = replace(APRIL, terms=[replace(terms, starts_at=APRIL.starts_at + timedelta(days=1))])
    (found,) = term_findings(gap)
    assert found.code == "contract_gap"
    assert found.parameters["ends_at"] == (APRIL.starts_at + timedelta(days=1)).isoformat()


@pytest.mark.parametrize(
    ("month", "settlement_day", "days"),
    [
        ("2026-03", 1, 31),
        ("2026-02", None, 28),
        ("2026-03", 25, 28),
        ("2026-01", 10, 31),
        ("2024-03", 15, 29),
    ],
)
def test_the_whole_month_runs_between_settlement_days(
    month: str, settlement_day: int | None, days: int
) -> None:
    (terms,) = APRIL.terms
    agreed = replace(terms, contract=replace(terms.contract, settlement_day=settlement_day))
    part = replace(APRIL, month=month, terms=[agreed], ends_at=APRIL.starts_at + timedelta(days=3))
    assert whole_days(part) == days
