"""What of a meter's readings a register may be estimated from: neither doubted ones nor across a reset."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from analysis.settlement.billing_month import RegisterEnd, RegisterSource
from pipeline.model import Origin, Quality, Snapshot
from tests.gathered_months import both, gathered
from tests.settled_plants import APRIL, CLOSING, MARCH, OPENING, intervals, reading

A_DAY = timedelta(days=1)
MAY = APRIL + timedelta(days=30)


def freeze(days: int, register: float) -> Snapshot:
    """Return the daily freeze of so many days after 1 April."""
    return reading(APRIL + days * A_DAY, register, Origin.DAILY_FREEZE)


def closing(readings: Sequence[Snapshot], opening: float = OPENING) -> RegisterEnd | None:
    """Return what March closes with, its intervals not being known to its end."""
    month = gathered([reading(MARCH, opening), *readings], columns=intervals(missing=slice(-90, -80)))
    return month.pairs[0].closing if month.pairs else None


@pytest.mark.parametrize("flag", [Quality.OUT_OF_RANGE, Quality.STALE, Quality.CONFLICT])
def test_a_doubted_reading_of_the_instant_is_no_estimate_either(flag: Quality) -> None:
    doubted = freeze(0, 5000.0)._replace(quality=flag)
    around = [freeze(-1, CLOSING - 9.6), freeze(1, CLOSING + 9.6)]
    found = closing([doubted, *around])
    assert found == RegisterEnd(
        at=APRIL, value=Decimal(str(CLOSING)).quantize(Decimal("0.01")), source=RegisterSource.ESTIMATED
    )


def test_a_doubted_reading_before_the_instant_moves_no_estimate() -> None:
    doubted = freeze(-1, 5000.0)._replace(quality=Quality.CONFLICT)
    found = closing([freeze(-2, 1278.4), doubted, freeze(2, 1316.8)])
    assert found is not None
    assert found.value == Decimal("1297.60")


def test_a_register_between_two_reads_that_rolled_over_meanwhile_is_within_what_it_shows() -> None:
    # 9.6 kWh a day: 999 995.20 a day before, 4.80 at the edge, 14.40 a day after.
    found = closing([freeze(-1, 999_995.2), freeze(1, 14.4)], opening=999_707.2)
    assert found is not None
    assert found.value == Decimal("4.80")


def test_nothing_is_estimated_across_a_reset() -> None:
    # At the mean use of 9.6 kWh a day it would have been 1297.60, had nothing happened to it.
    before = [freeze(-2, 1278.4), freeze(-1, 1288.0)]
    assert closing([*before, freeze(1, 3.0)]) is None
    found = closing([*before, freeze(1, 1307.2)])
    assert found is not None
    assert found.value == Decimal("1297.60")


def test_an_edge_that_nobody_read_lies_between_months_as_their_intervals_say_though_some_are_missing() -> (
    None
):
    # 297.6 kWh in March and 864 in April, 1 161.6 between the reads; by time alone it were 590.32.
    columns = both(intervals(missing=slice(1000, 1010)), intervals(APRIL, MAY, kwh=6.0))
    readings = [reading(MARCH, OPENING), reading(MAY, OPENING + 1161.6)]
    march, april = (gathered(readings, columns=columns, month=month) for month in ("2026-03", "2026-04"))
    assert march.pairs[0].closing.value == Decimal("1297.60")
    assert (april.pairs[0].opening, april.pairs[0].counted) == (march.pairs[0].closing, Decimal("864.00"))


def test_a_register_beyond_the_digits_that_are_filed_is_estimated_as_it_counts() -> None:
    readings = [freeze(-1, 2_000_100.0), freeze(1, 2_000_119.2)]
    found = closing(readings, opening=1_999_812.0)
    assert found is not None
    assert found.value == Decimal("2000109.60")
