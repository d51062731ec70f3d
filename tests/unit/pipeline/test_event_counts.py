"""A meter's counters of its voltages, kept as parameters, and what they tell of a month."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.event_counts import EventTotal, count_readings, event_totals
from pipeline.events import EventCount, EventKind
from pipeline.model import MeterId
from pipeline.records import ParameterReading

METER = MeterId("M")
BEGIN = datetime(2026, 9, 1, tzinfo=UTC)
END = BEGIN + timedelta(days=30)


def read(day: float, count: float, name: str = "event_count_undervoltage_a") -> ParameterReading:
    return ParameterReading(meter=METER, name=name, taken_at=BEGIN + timedelta(days=day), value=count)


def totals(*readings: ParameterReading) -> list[EventTotal]:
    return event_totals(readings, BEGIN, END)


def test_counters_of_voltages_are_parameters_by_kind_and_phase() -> None:
    counts = [
        EventCount(kind=EventKind.UNDERVOLTAGE, part="a", count=3, minutes=10),
        EventCount(kind=EventKind.POWER_DOWN, count=4711),
        EventCount(kind=EventKind.COVER_OPEN, count=1),
    ]
    found = list(count_readings(METER, BEGIN, counts))
    assert [(r.name, r.value) for r in found] == [
        ("event_count_undervoltage_a", 3.0),
        ("event_minutes_undervoltage_a", 10.0),
        ("event_count_power_down", 4711.0),
    ]
    assert totals(*found) == [
        EventTotal(kind=EventKind.POWER_DOWN, count=4711),
        EventTotal(kind=EventKind.UNDERVOLTAGE, part="a", count=3, minutes=10),
    ]


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([(-3, 5.0), (2, 5.0), (9, 7.0)], (7, 2)),
        ([(-3, 5.0), (40, 5.0)], (5, 0)),
        ([(-3, 5.0), (2, 1.0)], (1, None)),
        ([(2, 5.0), (9, 7.0)], (7, None)),
        ([(-3, 5.0), (9, 7.0), (31, 9.0)], (7, 2)),
    ],
    ids=["moved", "read before and after", "cleared", "not read before", "moved again after"],
)
def test_what_the_month_added_is_the_difference_of_its_ends(
    readings: list[tuple[float, float]], expected: tuple[int, int | None]
) -> None:
    (total,) = totals(*(read(day, count) for day, count in readings))
    assert (total.count, total.new) == expected


@pytest.mark.parametrize("readings", [[(-3, 5.0), (-1, 5.0)], [(31, 5.0)], []])
def test_a_counter_that_was_not_read_of_the_month_tells_nothing(readings: list[tuple[float, float]]) -> None:
    assert totals(*(read(day, count) for day, count in readings)) == []


def test_other_parameters_are_no_counters() -> None:
    assert totals(read(1, 60.0, "ct_ratio"), read(1, 2.0, "programming_count")) == []
