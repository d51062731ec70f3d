"""Conditions of operation are followed from look to look under one id."""

from __future__ import annotations

from pipeline.alarms.operation import METER_SILENT, Answered, Observed, followed
from tests.alarm_signals import BEGIN, minutes

NONE = Answered(subjects={})


def silent(since: float) -> Observed:
    return Observed(what=METER_SILENT, subject="M1", since=BEGIN + minutes(since), meter="M1", bus="B1")


def test_a_condition_keeps_the_id_of_its_first_look() -> None:
    (first,) = followed([silent(0)], [], NONE, BEGIN + minutes(10))
    (again,) = followed([silent(5)], [first], NONE, BEGIN + minutes(20))
    assert (again.id, again.starts_at, again.ends_at) == (first.id, BEGIN, None)


def test_it_ends_when_it_is_seen_well_and_begins_anew_under_another_id() -> None:
    (first,) = followed([silent(0)], [], NONE, BEGIN + minutes(10))
    well = Answered(subjects={(METER_SILENT, "M1"): BEGIN + minutes(30)})
    (ended,) = followed([], [first], well, BEGIN + minutes(40))
    assert (ended.id, ended.ends_at) == (first.id, BEGIN + minutes(30))
    (second,) = followed([silent(60)], [], NONE, BEGIN + minutes(70))
    assert second.id != first.id


def test_of_what_nobody_looked_at_nothing_is_said() -> None:
    (first,) = followed([silent(0)], [], NONE, BEGIN + minutes(10))
    assert followed([], [first], NONE, BEGIN + minutes(600)) == [first]


def test_one_condition_seen_twice_at_a_look_counts_once() -> None:
    assert len(followed([silent(0), silent(3)], [], NONE, BEGIN + minutes(10))) == 1
