"""Which bills a late reading touches."""

from datetime import UTC, datetime

import numpy as np
import pytest

from pipeline.bills import touched_bills
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
    assert (january.service_point, january.month, january.before_kwh, january.after_kwh) == (
        "P",
        "2026-01",
        1.0,
        1.5,
    )
    assert (february.month, february.before_kwh, february.after_kwh, february.slots) == (
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
    assert bill.after_kwh - bill.before_kwh == pytest.approx(-2.0)
    assert bill.slots == 1


def test_a_meter_that_no_longer_hangs_there_touches_no_bill() -> None:
    assert touched_bills(REGISTRY, [OLD], _times("2026-01-05"), np.array([1.0]), np.array([2.0])) == []
