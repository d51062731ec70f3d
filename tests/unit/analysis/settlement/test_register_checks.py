"""A register that grew by more than its meter can measure refuses the bill."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from analysis.settlement.settle import settle
from tests.bill_cases import bill_case

MONTH = bill_case("01_one_price").month


@pytest.mark.parametrize(("above", "told"), [("0", []), ("0.02", ["grew_too_fast"])])
def test_a_pair_may_grow_by_its_meters_most_and_a_step(above: str, told: list[str]) -> None:
    first = MONTH.pairs[0]
    hours = Decimal((MONTH.ends_at - MONTH.starts_at).total_seconds()) / 3600
    # 7.92 kWh an hour, of which an edge may be an hour off.
    most = Decimal("7.92") * (hours + 1)
    grown = replace(first, closing=replace(first.closing, value=first.opening.value + most + Decimal(above)))
    month = replace(MONTH, pairs=[grown], most_per_hour={first.meter: Decimal("7.92")})
    bill = settle(month)
    assert [f.code for f in bill.findings if f.refuses] == told
    assert [f.code for f in settle(replace(month, most_per_hour={})).findings] == []
