"""The month's events as a table, as SARFI, and against curves."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from analysis.power_quality.checks.voltage_events import judge
from analysis.power_quality.judgement import Compliance
from analysis.power_quality.point_month import Neighbour
from pipeline.event_counts import EventTotal
from pipeline.events import EventKind, MeterEvent
from tests.quality_months import BEGIN, month

AT = BEGIN + timedelta(hours=3)


def record(kind: EventKind, part: str, volts: str, lasts_s: float) -> MeterEvent:
    return MeterEvent(
        kind=kind,
        part=part,
        number=1,
        starts_at=AT,
        ends_at=AT + timedelta(seconds=lasts_s),
        values={f"phase {part.upper()} voltage": volts},
    )


def test_without_a_log_nothing_is_said_of_dips() -> None:
    """It leaves no month open: the standard counts events and has no limit that could be broken."""
    (found,) = judge(month())
    assert (found.verdict, [r.key for r in found.reasons]) == (Compliance.NOT_APPLICABLE, ["no_event_log"])


def test_a_record_of_another_kind_is_no_log_of_voltages() -> None:
    (found,) = judge(month(events=[record(EventKind.CLOCK_SET, "", "", 0.0)]))
    assert (found.value, [r.key for r in found.reasons]) == (None, ["no_event_log"])


def test_a_record_of_another_month_tells_that_the_log_was_read() -> None:
    old = replace(record(EventKind.UNDERVOLTAGE, "a", "132.0 V", 2.0), starts_at=BEGIN - timedelta(days=9))
    assert judge(month(events=[old]))[0].value == 0.0


def test_a_log_without_events_is_a_month_without_them() -> None:
    events, *indices = judge(month(event_counts=[EventTotal(kind=EventKind.UNDERVOLTAGE, part="a", count=0)]))
    assert (events.value, events.verdict) == (0.0, Compliance.NOT_APPLICABLE)
    assert [(j.subject, j.value) for j in indices] == [
        ("SARFI-90", 0.0), ("SARFI-80", 0.0), ("SARFI-70", 0.0), ("SARFI-50", 0.0), ("SARFI-10", 0.0),
    ]  # fmt: skip


def test_an_event_has_its_residual_its_extent_and_what_bears_it() -> None:
    own = [
        record(EventKind.UNDERVOLTAGE, "b", "132.0 V", 2.0),
        record(EventKind.VOLTAGE_LOSS, "c", "22.0 V", 600.0),
    ]
    beside = [Neighbour(service_point="N", events=[record(EventKind.UNDERVOLTAGE, "b", "", 2.0)])]
    events, *indices = judge(month(events=own, neighbours=beside))
    assert events.value == 1.0
    assert (events.evidence.phase, events.evidence.at) == ("B", AT)
    assert [j.value for j in indices] == [1.0, 1.0, 1.0, 0.0, 0.0]
    rows = events.figures["events"]
    assert isinstance(rows, list)
    (dip,) = rows
    assert dip == {
        "kind": "dip",
        "phases": ["B"],
        "starts_at": AT.isoformat(),
        "duration_s": 2.0,
        "residual_percent": 60.0,
        "source": "meter log",
        "extent": "grid",
        "bears": {"ITIC": False, "SEMI F47": None},
    }
    assert events.figures["circuit_faults"] == [["C", AT.isoformat(), 600.0]]
    json.dumps(rows)


def test_a_residual_that_was_not_recorded_is_counted_apart() -> None:
    events, first, *_ = judge(month(events=[record(EventKind.UNDERVOLTAGE, "a", "", 5.0)]))
    assert (events.value, first.value) == (1.0, 0.0)
    assert events.reasons[1].parameters == {"n": 1}
    assert events.evidence.at is None


@pytest.mark.parametrize("count", [0, 4])
def test_counters_stand_beside_the_records(count: int) -> None:
    counts = [EventTotal(kind=EventKind.OVERVOLTAGE, part="a", count=count, minutes=7)]
    events, *_ = judge(month(event_counts=counts))
    shown = events.figures["counted_since_clear"]
    assert shown == (
        [{"kind": "overvoltage", "part": "a", "count": 4, "minutes": 7, "in_month": None}] if count else []
    )


@pytest.mark.parametrize(("new", "lost"), [(None, 0), (0, 0), (2, 0), (3, 0), (4, 2), (14, 12)])
def test_events_that_were_counted_and_have_no_record_are_told(new: int | None, lost: int) -> None:
    """Two of phase B are on record; one of phase A, and one of another month, are no records of them."""
    own = [
        record(EventKind.UNDERVOLTAGE, "b", "132.0 V", 2.0),
        replace(record(EventKind.UNDERVOLTAGE, "b", "132.0 V", 2.0), starts_at=AT + timedelta(days=1)),
        record(EventKind.UNDERVOLTAGE, "a", "132.0 V", 2.0),
        replace(record(EventKind.UNDERVOLTAGE, "b", "132.0 V", 2.0), starts_at=BEGIN - timedelta(days=9)),
    ]
    counts = [EventTotal(kind=EventKind.UNDERVOLTAGE, part="b", count=30, new=new)]
    events, *_ = judge(month(events=own, event_counts=counts))
    told = [r.parameters for r in events.reasons if r.key == "events_not_recorded"]
    assert told == ([{"n": lost}] if lost else [])
