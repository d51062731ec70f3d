"""Energy from the market: how much, of which periods, in whose place."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from analysis.settlement.bill import Bill
from analysis.settlement.settle import settle
from pipeline.tariff import MarketEnergy, Period
from tests.bill_cases import bill_case

# Peak 6000 kWh, valley 3000 kWh; energy 0.90 and 0.30, network 0.15.
MONTH = bill_case("10_market_energy").month


def bought(
    kwh: str | None = None, share: str | None = None, period: Period | None = None, month: str = "2026-07"
) -> MarketEnergy:
    return MarketEnergy(
        service_point="P",
        month=month,
        price=Decimal("0.40"),
        kwh=None if kwh is None else Decimal(kwh),
        share=None if share is None else Decimal(share),
        period=period,
    )


def settled(*market: MarketEnergy) -> Bill:
    return settle(replace(MONTH, market=market))


def quantities(bill: Bill, item: str) -> list[Decimal]:
    return [line.quantity for line in bill.lines if line.item == item]


def test_neither_kwh_nor_a_share_is_all_of_it() -> None:
    bill = settled(bought())
    assert quantities(bill, "market") == [9000]
    assert quantities(bill, "energy") == []
    assert quantities(bill, "network") == [9000]


def test_a_share_of_one_period_leaves_the_others_alone() -> None:
    bill = settled(bought(share="0.5", period=Period.PEAK))
    assert quantities(bill, "market") == [3000]
    assert quantities(bill, "energy") == [3000, 3000]


def test_more_than_was_used_is_cut_and_told() -> None:
    bill = settled(bought(kwh="2500", period=Period.VALLEY), bought(kwh="8000"))
    assert quantities(bill, "market") == [2500, 6500]
    (finding,) = bill.findings
    assert (finding.code, finding.parameters["of"]) == ("market_over_energy", "6500.00")
    assert bill.is_final


def test_purchases_of_other_months_and_points_are_left_out() -> None:
    bill = settled(bought(month="2026-06"), replace(bought(), service_point="Q"))
    assert quantities(bill, "market") == []
    assert not bill.findings


def test_a_period_without_energy_takes_nothing() -> None:
    bill = settled(bought(kwh="10", period=Period.SHARP))
    assert quantities(bill, "market") == []
    assert [finding.code for finding in bill.findings] == ["market_over_energy"]
