"""Which bills a late reading touches."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from pipeline.bills import bill_month, bill_span, interim_ends, month_after, month_before, touched_bills
from pipeline.contracts import Contract
from pipeline.model import MeterId
from pipeline.registry import Installation, Registry, Role

M, C, S, OLD = MeterId("M"), MeterId("C"), MeterId("S"), MeterId("OLD")
REGISTRY = Registry(
    installations=[
        Installation(meter=M, service_point="P"),
        Installation(meter=C, service_point="P", role=Role.CHECK),
        Installation(meter=S, service_point="P", role=Role.SUBTRACT),
        Installation(meter=OLD, service_point="Q", ends_at=datetime(2026, 1, 1, tzinfo=UTC)),
    ]
)


def _times(*texts: str) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.array(texts, dtype="datetime64[us]")


def test_a_late_value_touches_the_month_of_the_local_clock() -> None:
    # 16:00 UTC on 31 January is already February in Shanghai.
    times = _times("2026-01-31T15:45", "2026-01-31T16:00")
    january, february = touched_bills(REGISTRY, [M, M], times, np.array([1.0, np.nan]), np.array([1.5, 2.0]))
    assert (january.service_point, january.month, january.before, january.after) == (
        "P",
        "2026-01",
        1.0,
        1.5,
    )
    assert (february.month, february.before, february.after, february.slots) == (
        "2026-02",
        0.0,
        2.0,
        1,
    )


def test_what_did_not_change_touches_nothing() -> None:
    times = _times("2026-01-05", "2026-01-06")
    values = np.array([1.0, np.nan])
    assert touched_bills(REGISTRY, [M, M], times, values, values) == []


def test_a_meter_to_subtract_counts_against_and_a_check_meter_not_at_all() -> None:
    times = _times("2026-01-05", "2026-01-05")
    (bill,) = touched_bills(REGISTRY, [S, C], times, np.array([1.0, 1.0]), np.array([3.0, 9.0]))
    assert bill.after - bill.before == pytest.approx(-2.0)
    assert bill.slots == 1


def test_a_meter_that_no_longer_hangs_there_touches_no_bill() -> None:
    assert touched_bills(REGISTRY, [OLD], _times("2026-01-05"), np.array([1.0]), np.array([2.0])) == []


@pytest.mark.parametrize(
    ("day", "settlement_day", "month"),
    [
        (date(2026, 3, 31), 1, "2026-03"),
        (date(2026, 4, 1), 1, "2026-04"),
        (date(2026, 3, 24), 25, "2026-03"),
        (date(2026, 3, 25), 25, "2026-04"),
        (date(2026, 12, 28), 25, "2027-01"),
        (date(2026, 1, 31), 28, "2026-02"),
    ],
)
def test_a_bill_closes_on_the_settlement_day_and_is_named_after_its_last_day(
    day: date, settlement_day: int, month: str
) -> None:
    assert bill_month(day, settlement_day) == month


def test_the_contract_in_force_says_when_the_bill_closes() -> None:
    changed = datetime(2026, 2, 1, tzinfo=UTC)
    registry = Registry(
        installations=[Installation(meter=MeterId("M"), service_point="P")],
        contracts=[
            Contract(service_point="P", settlement_day=10, ends_at=changed),
            Contract(service_point="P", settlement_day=None, starts_at=changed),
        ],
    )
    starts = np.array(["2026-01-15T00:00", "2026-02-15T00:00"], dtype="datetime64[us]")
    bills = touched_bills(
        registry, [MeterId("M")] * 2, starts, np.array([1.0, 1.0]), np.array([2.0, 2.0]), "export_kwh"
    )
    assert [(b.month, b.energy, b.slots) for b in bills] == [("2026-02", "export_kwh", 2)]


@pytest.mark.parametrize(
    ("settlement_day", "opens", "closes"),
    [
        (None, "2026-03-01T00:00:00+08:00", "2026-04-01T00:00:00+08:00"),
        (1, "2026-03-01T00:00:00+08:00", "2026-04-01T00:00:00+08:00"),
        (2, "2026-02-02T00:00:00+08:00", "2026-03-02T00:00:00+08:00"),
        (25, "2026-02-25T00:00:00+08:00", "2026-03-25T00:00:00+08:00"),
    ],
)
def test_a_bill_opens_and_closes_at_midnight_of_the_settlement_days(
    settlement_day: int | None, opens: str, closes: str
) -> None:
    registry = Registry(contracts=[Contract(service_point="P", settlement_day=settlement_day)])
    span = bill_span(registry, "P", "2026-03")
    assert span == (datetime.fromisoformat(opens), datetime.fromisoformat(closes))
    # Its last day is on the bill of that very month.
    last = (span[1] - timedelta(days=1)).astimezone(registry.zone_of("P")).date()
    assert bill_month(last, settlement_day or 1) == "2026-03"


def test_a_contract_that_ends_after_its_settlement_day_has_a_last_bill_of_the_days_since() -> None:
    left = datetime(2026, 3, 27, 16, tzinfo=UTC)  # midnight of 28 March
    registry = Registry(contracts=[Contract(service_point="P", settlement_day=25, ends_at=left)])
    closed = datetime(2026, 3, 24, 16, tzinfo=UTC)
    assert bill_span(registry, "P", "2026-03")[1] == closed
    assert bill_span(registry, "P", "2026-04")[0] == closed
    assert bill_span(registry, "P", "2026-02")[1] == datetime(2026, 2, 24, 16, tzinfo=UTC)


def test_where_the_settlement_day_changes_no_day_is_billed_twice_or_not_at_all() -> None:
    changes = datetime(2026, 4, 30, 16, tzinfo=UTC)
    registry = Registry(
        contracts=[
            Contract(service_point="P", settlement_day=25, ends_at=changes),
            Contract(service_point="P", starts_at=changes),
        ]
    )
    spans = [bill_span(registry, "P", f"2026-{month:02d}") for month in range(3, 8)]
    assert all(earlier[1] == later[0] for earlier, later in pairwise(spans))
    may = spans[2]
    assert may[0] == datetime.fromisoformat("2026-04-25T00:00:00+08:00")
    assert may[1] == datetime.fromisoformat("2026-06-01T00:00:00+08:00")


def test_months_follow_each_other_over_the_year() -> None:
    assert (month_before("2026-01"), month_after("2025-12")) == ("2025-12", "2026-01")
    assert (month_before("2026-03"), month_after("2026-01")) == ("2026-02", "2026-02")


def test_interim_bills_close_at_midnight_of_the_days_that_the_contract_in_force_names() -> None:
    # Settled on the 25th: April is billed from 25 March to 25 April; from 10 April on another contract.
    change = datetime(2026, 4, 9, 16, tzinfo=UTC)
    registry = Registry(
        contracts=[
            Contract(service_point="P", settlement_day=25, interim_days=(5, 25, 28), ends_at=change),
            Contract(service_point="P", settlement_day=25, interim_days=(5, 15), starts_at=change),
        ]
    )
    span = bill_span(registry, "P", "2026-04")
    assert interim_ends(registry, "P", span) == [
        datetime(2026, 3, 27, 16, tzinfo=UTC),  # 28 March in Shanghai
        datetime(2026, 4, 4, 16, tzinfo=UTC),
        datetime(2026, 4, 14, 16, tzinfo=UTC),
    ]
    assert interim_ends(Registry(contracts=[Contract(service_point="P")]), "P", span) == []
