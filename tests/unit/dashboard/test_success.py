from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboard.success import Success, silent_after, state_of, success, success_by
from storage.dashboard_coverage import CoverageCount
from storage.dashboard_queries import MeterCard

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)


def count(status: str, reads: int, bus: str | None = "b1") -> CoverageCount:
    return CoverageCount(bus=bus, profile="p", status=status, reads=reads)


def meter(**changes: Any) -> MeterCard:  # Any: fields of many types
    fields: dict[str, Any] = dict.fromkeys(MeterCard.__dataclass_fields__)  # Any: as above
    fields |= {"meter": "M", "due": 10, "arrived": 10, "open_episodes": 0, "newest_at": NOW}
    return MeterCard(**(fields | changes))


def test_backfilled_and_late_reads_count_as_arrived_but_not_as_in_time() -> None:
    found = success([count("got", 90), count("late", 3), count("backfilled", 5), count("missing", 2)])
    assert (found.rate, found.in_time_rate, found.missing) == (0.98, 0.9, 2)


def test_a_read_that_the_meter_never_stored_is_missing() -> None:
    assert success([count("got", 9), count("not stored", 1)]).missing == 1


def test_nothing_due_is_not_zero_percent() -> None:
    assert Success().rate is None


def test_meters_that_push_form_a_bus_of_their_own() -> None:
    found = success_by([count("got", 4), count("got", 6, None), count("missing", 2, None)], lambda c: c.bus)
    assert (found["b1"].rate, found[None].rate) == (1.0, 0.75)


def test_a_meter_is_silent_after_three_of_its_intervals() -> None:
    assert silent_after([900, 86400]) == timedelta(minutes=45)
    assert silent_after([10]) == timedelta(minutes=2)
    assert silent_after([]) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "good"),
        ({"arrived": 9}, "gaps"),
        ({"newest_at": None}, "never"),
        ({"newest_at": NOW - timedelta(hours=2)}, "silent"),
        ({"newest_at": NOW - timedelta(hours=2), "worst_severity": 20}, "silent"),
        ({"newest_at": NOW - timedelta(hours=2), "worst_severity": 40}, "critical"),
        ({"worst_severity": 20, "arrived": 9}, "minor"),
        ({"worst_severity": 30}, "major"),
        ({"worst_severity": 10}, "good"),
    ],
)
def test_the_gravest_state_is_shown(changes: dict[str, object], state: str) -> None:
    assert state_of(meter(**changes), now=NOW, silent=timedelta(minutes=45)) == state
