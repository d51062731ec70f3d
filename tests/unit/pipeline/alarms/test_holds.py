"""Quiet hours by local time, and maintenance by work orders."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from pipeline.alarms.holds import SERVICE_POINTS, maintenance, quiet_until
from pipeline.alarms.records import AlarmRoute, Grade
from pipeline.archive_records import WorkOrder
from pipeline.model import Severity
from tests.alarm_signals import BEGIN, minutes, signal

NIGHT = AlarmRoute(id="r", quiet_from="22:00", quiet_to="07:00")


@pytest.mark.parametrize(
    ("clock", "until"),
    [
        ("2026-11-20T21:59+08:00", None),
        ("2026-11-20T22:00+08:00", "2026-11-21T07:00+08:00"),
        ("2026-11-21T00:30+08:00", "2026-11-21T07:00+08:00"),
        ("2026-11-21T06:59+08:00", "2026-11-21T07:00+08:00"),
        ("2026-11-21T07:00+08:00", None),
    ],
)
def test_a_night_goes_over_midnight(clock: str, until: str | None) -> None:
    now = datetime.fromisoformat(clock).astimezone(UTC)
    wanted = None if until is None else datetime.fromisoformat(until)
    assert quiet_until(NIGHT, Severity.MAJOR, now) == wanted


def test_the_night_on_which_clocks_change_ends_at_its_own_seven_o_clock() -> None:
    berlin = replace(NIGHT, zone=ZoneInfo("Europe/Berlin"))
    now = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)  # midnight in summer time
    assert quiet_until(berlin, Severity.MAJOR, now) == datetime(2026, 10, 25, 6, tzinfo=UTC)


def test_what_is_severe_enough_is_never_held_back() -> None:
    now = datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert quiet_until(NIGHT, Severity.CRITICAL, now) is None
    assert quiet_until(replace(NIGHT, quiet_below=Grade.MAJOR), Severity.MAJOR, now) is None
    assert quiet_until(AlarmRoute(id="r"), Severity.INFO, now) is None


def test_a_bus_is_maintained_only_where_all_its_places_are() -> None:
    order = WorkOrder(id="W", service_point="P1", starts_at=BEGIN)
    bus = replace(signal("1", what="bus_down"), facts={SERVICE_POINTS: ["P1", "P2"]})
    assert maintenance([bus], {"P1": [order]}, BEGIN) is None
    both = {"P1": [order], "P2": [replace(order, service_point="P2")]}
    window = maintenance([bus], both, BEGIN)
    assert window is not None
    assert window.until is None


def test_what_has_ended_needs_no_explanation_and_nothing_at_all_explains_nothing() -> None:
    order = WorkOrder(id="W", service_point="SP-1", starts_at=BEGIN, ends_at=BEGIN + minutes(60))
    orders = {"SP-1": [order]}
    assert maintenance([signal("1"), signal("2", 0, 5)], orders, BEGIN + minutes(10)) is not None
    assert maintenance([], orders, BEGIN) is None
    assert maintenance([replace(signal("1"), service_point=None)], orders, BEGIN) is None
