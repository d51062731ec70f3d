from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import Origin
from pipeline.quantities import Quantity
from protocols.dlt645.settlement import (
    SettlementMemory,
    parse_day,
    settlements_before,
    settlements_between,
)

ZONE = ZoneInfo("Asia/Shanghai")
Q = Quantity


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZONE)  # type: ignore[misc,arg-type]  # year, month, day, hour


@pytest.mark.parametrize(
    ("digits", "day"),
    [
        ("0100", (1, 0)),
        ("2523", (25, 23)),
        ("2800", (28, 0)),
        ("9999", None),
        ("2900", None),
        ("0024", None),
        ("0000", None),
        ("01", None),
        ("aa00", None),
    ],
)
def test_a_settlement_day_is_day_and_hour(digits: str, day: tuple[int, int] | None) -> None:
    assert parse_day(digits) == day


def test_settlements_go_back_month_by_month_over_the_new_year() -> None:
    found = list(islice(settlements_before(local(2026, 1, 20, 12), [(1, 0), (15, 0)], ZONE), 4))
    assert found == [local(2026, 1, 15), local(2026, 1, 1), local(2025, 12, 15), local(2025, 12, 1)]


def test_a_settlement_belongs_to_the_gap_that_holds_its_instant() -> None:
    day = [(1, 0)]
    first = local(2026, 3, 1)
    assert settlements_between(first, first + timedelta(hours=1), day, ZONE) == (first,)
    assert settlements_between(first - timedelta(days=2), first, day, ZONE) == ()
    assert len(settlements_between(local(2020, 1, 1), local(2026, 1, 2), day, ZONE)) == 12


@given(
    st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001 - made aware below
    st.lists(st.tuples(st.integers(1, 28), st.integers(0, 23)), min_size=1, max_size=3, unique=True),
)
def test_settlements_fall_and_never_lie_ahead(naive: datetime, days: list[tuple[int, int]]) -> None:
    instant = naive.replace(tzinfo=UTC)
    found = list(islice(settlements_before(instant, days, ZONE), 20))
    assert found == sorted(set(found), reverse=True)
    assert found[0] <= instant
    assert instant - found[0] <= timedelta(days=32)


def memory(clock: datetime) -> SettlementMemory:
    told = SettlementMemory(ZONE)
    for number, digits in enumerate(("0100", "9999", "9999"), start=1):
        told.told_day(number, digits)
    told.told_clock(clock)
    return told


def test_a_period_is_dated_once_the_clock_is_read_again() -> None:
    told = memory(local(2026, 3, 10, 8))
    told.told_values(2, {Q.ACTIVE_ENERGY_IMPORT: 5.0}, {}, monthly=False)
    told.told_values(2, {Q.MAX_DEMAND_IMPORT: 7.0}, {}, monthly=False)
    assert told.take() == ()
    told.told_clock(local(2026, 3, 10, 9))
    [record] = told.take()
    assert record.taken_at == local(2026, 2, 1)
    assert record.origin is Origin.SETTLEMENT_FREEZE
    assert record.values == {Q.ACTIVE_ENERGY_IMPORT: 5.0, Q.MAX_DEMAND_IMPORT: 7.0}
    assert told.take() == ()


def test_a_settlement_in_between_moves_the_numbers_so_that_nothing_is_given_out() -> None:
    told = memory(local(2026, 2, 28, 23))
    told.told_values(1, {Q.ACTIVE_ENERGY_IMPORT: 5.0}, {}, monthly=False)
    told.told_clock(local(2026, 3, 1, 0))
    assert told.take() == ()


def test_a_clock_that_went_back_proves_nothing() -> None:
    told = memory(local(2026, 3, 10, 8))
    told.told_values(1, {Q.ACTIVE_ENERGY_IMPORT: 5.0}, {}, monthly=False)
    told.told_clock(local(2026, 3, 10, 7))
    assert told.take() == ()


def test_values_told_under_other_days_are_forgotten() -> None:
    told = memory(local(2026, 3, 10, 8))
    told.told_values(1, {Q.ACTIVE_ENERGY_IMPORT: 5.0}, {}, monthly=False)
    told.told_day(1, "0500")
    told.told_clock(local(2026, 3, 10, 9))
    assert told.take() == ()


def test_months_are_closed_by_the_calendar_whatever_the_settlement_days_are() -> None:
    told = SettlementMemory(ZONE)
    told.told_day(1, "1500")
    told.told_clock(local(2026, 3, 10, 8))
    told.told_values(1, {Q.VOLTAGE_HIGHEST: 240.0}, {}, monthly=True)
    told.told_values(1, {Q.ACTIVE_ENERGY_IMPORT: 5.0}, {}, monthly=False)
    told.told_clock(local(2026, 3, 10, 9))
    assert [record.taken_at for record in told.take()] == [local(2026, 2, 15), local(2026, 3, 1)]


def test_the_number_of_an_instant_counts_from_the_newest() -> None:
    told = memory(local(2026, 3, 10, 8))
    assert [told.number_of(local(2026, month, 1)) for month in (4, 3, 2, 1)] == [1, 1, 2, 3]
    assert told.number_of(local(2020, 1, 1)) == 12
    assert SettlementMemory(ZONE).number_of(local(2026, 1, 1)) == 1


def test_without_a_clock_nothing_is_kept() -> None:
    told = SettlementMemory(ZONE)
    told.told_values(1, {Q.ACTIVE_ENERGY_IMPORT: 5.0}, {}, monthly=False)
    told.told_clock(local(2026, 3, 10, 8))
    assert told.take() == ()


def test_two_settlement_days_that_are_the_same_close_one_period() -> None:
    told = memory(local(2026, 3, 10, 8))
    told.told_day(2, "0100")
    told.told_clock(local(2026, 3, 10, 8))
    told.told_values(2, {Q.ACTIVE_ENERGY_IMPORT: 5.0}, {}, monthly=False)
    told.told_clock(local(2026, 3, 10, 9))
    assert [record.taken_at for record in told.take()] == [local(2026, 2, 1)]


def test_a_day_that_was_asked_and_not_told_leaves_every_period_without_a_date() -> None:
    told = memory(local(2026, 3, 10, 8))
    told.asked(b"day 2")
    told.told_values(1, {Q.ACTIVE_ENERGY_IMPORT: 5.0}, {}, monthly=False)
    told.told_values(1, {Q.VOLTAGE_HIGHEST: 240.0}, {}, monthly=True)
    told.told_clock(local(2026, 3, 10, 9))
    assert [record.values for record in told.take()] == [{Q.VOLTAGE_HIGHEST: 240.0}]
    told.asked(b"day 2")
    told.answered(b"day 2")
    told.told_day(2, "")  # refused: there is none
    told.told_values(1, {Q.ACTIVE_ENERGY_IMPORT: 5.0}, {}, monthly=False)
    told.told_clock(local(2026, 3, 10, 10))
    assert [record.taken_at for record in told.take()] == [local(2026, 3, 1)]


def test_periods_closed_under_other_days_have_no_date() -> None:
    told = memory(local(2026, 3, 10, 8))
    told.told_programming(local(2026, 2, 20))
    for period in (1, 2):
        told.told_values(period, {Q.ACTIVE_ENERGY_IMPORT: float(period)}, {}, monthly=False)
    told.told_clock(local(2026, 3, 10, 9))
    assert [record.taken_at for record in told.take()] == [local(2026, 3, 1)]


def test_a_programming_in_between_forgets_what_was_told() -> None:
    told = memory(local(2026, 3, 10, 8))
    told.told_programming(local(2026, 1, 20))
    told.told_values(1, {Q.ACTIVE_ENERGY_IMPORT: 5.0}, {}, monthly=False)
    told.told_programming(local(2026, 3, 10, 9))
    told.told_clock(local(2026, 3, 10, 10))
    assert told.take() == ()
