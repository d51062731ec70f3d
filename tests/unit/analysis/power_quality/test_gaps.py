"""Gaps and their causes: an outage apart from lost communication."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from analysis.power_quality.gaps import GapCause, gaps
from analysis.power_quality.point_month import Neighbour, PointMonth
from pipeline.event_counts import EventTotal
from pipeline.events import EventKind, MeterEvent
from pipeline.quantities import Quantity
from tests.quality_months import BEGIN, END, month, slots, wavering

SLOT = timedelta(minutes=15)
GAP = (BEGIN + 100 * SLOT, BEGIN + 140 * SLOT)
READ_LOG = [EventTotal(kind=EventKind.POWER_DOWN, count=3)]


def with_gap(**given: Any) -> PointMonth:
    whole = month({Quantity.VOLTAGE_A: wavering(220.0, slots())}, **given)
    kept = np.r_[0:100, 140 : slots()]
    return replace(
        whole,
        taken_at=whole.taken_at[kept],
        values={q: column[kept] for q, column in whole.values.items()},
    )


def power_down(begin: float, end: float | None) -> MeterEvent:
    """From and to in slots of the month; without an end where the record has none."""
    ends_at = None if end is None else BEGIN + end * SLOT
    return MeterEvent(kind=EventKind.POWER_DOWN, number=1, starts_at=BEGIN + begin * SLOT, ends_at=ends_at)


def cover_open(at: float) -> MeterEvent:
    return MeterEvent(kind=EventKind.COVER_OPEN, number=1, starts_at=BEGIN + at * SLOT)


def cause(given: PointMonth) -> GapCause:
    (found,) = gaps(given)
    assert (found.starts_at, found.ends_at, found.readings) == (*GAP, 40)
    return found.cause


def test_a_month_without_gaps_has_none() -> None:
    assert gaps(month({Quantity.VOLTAGE_A: wavering(220.0, slots())})) == []


def test_one_missing_reading_is_no_gap_and_two_are() -> None:
    whole = month({Quantity.VOLTAGE_A: wavering(220.0, slots())})
    for missing, count in ((1, 0), (2, 1)):
        kept = np.r_[0:50, 50 + missing : slots()]
        assert len(gaps(replace(whole, taken_at=whole.taken_at[kept], values={}))) == count


def test_a_month_that_nobody_read_is_one_gap() -> None:
    (found,) = gaps(month())
    assert (found.starts_at, found.ends_at, found.cause) == (BEGIN, END, GapCause.UNKNOWN)


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [(95, 145, GapCause.OUTAGE), (100, 120, GapCause.OUTAGE), (100, 119, GapCause.COMMUNICATION)],
)
def test_the_meters_own_log_tells_an_outage(begin: float, end: float, expected: GapCause) -> None:
    assert cause(with_gap(events=[power_down(begin, end), cover_open(141)])) is expected


def test_overlapping_records_count_once() -> None:
    off = [power_down(100, 115), power_down(101, 116)]
    assert cause(with_gap(events=[*off, cover_open(141)])) is GapCause.COMMUNICATION


@pytest.mark.parametrize(
    ("begin", "expected"),
    [
        (-700 * 96, GapCause.UNKNOWN),
        (98.9, GapCause.UNKNOWN),
        (99, GapCause.OUTAGE),
        (99.5, GapCause.OUTAGE),
        (120, GapCause.OUTAGE),
        (120.1, GapCause.UNKNOWN),
    ],
)
def test_a_record_without_an_end_is_an_outage_only_if_nothing_was_read_since(
    begin: float, expected: GapCause
) -> None:
    """The last reading before the gap is that of slot 99, and half of the gap is slots 120 to 140."""
    assert cause(with_gap(events=[power_down(begin, None)])) is expected


@pytest.mark.parametrize(
    ("begin", "expected"),
    [
        (-700 * 96, GapCause.UNKNOWN),
        (98.8, GapCause.UNKNOWN),
        (98.9, GapCause.OUTAGE),
        (120, GapCause.OUTAGE),
        (140.1, GapCause.OUTAGE),
        (140.2, GapCause.UNKNOWN),
    ],
)
def test_nor_is_one_of_a_neighbour_but_for_its_clock(begin: float, expected: GapCause) -> None:
    """Two minutes are 0.13 of a slot."""
    beside = Neighbour(service_point="N1", events=[power_down(begin, None)])
    assert cause(with_gap(neighbours=[beside])) is expected


def test_a_month_that_begins_with_a_gap_is_not_dark_for_what_was_recorded_long_before() -> None:
    given = month(events=[power_down(-2, None)])
    assert [gap.cause for gap in gaps(given)] == [GapCause.UNKNOWN]
    assert [gap.cause for gap in gaps(replace(given, events=[power_down(-1, None)]))] == [GapCause.OUTAGE]


def test_a_known_outage_is_one() -> None:
    assert cause(with_gap(outages=[GAP])) is GapCause.OUTAGE


def test_a_meter_that_ran_was_not_heard() -> None:
    assert cause(with_gap(events=[cover_open(140)])) is GapCause.COMMUNICATION
    assert cause(with_gap()) is GapCause.UNKNOWN


def test_a_log_that_nobody_read_after_the_gap_tells_nothing_of_it() -> None:
    assert cause(with_gap(events=[cover_open(50)])) is GapCause.UNKNOWN
    assert cause(with_gap(events=[cover_open(139.9)])) is GapCause.UNKNOWN
    assert cause(with_gap(event_counts=READ_LOG)) is GapCause.UNKNOWN


def test_neighbours_tell_where_the_meter_does_not() -> None:
    dark = Neighbour(service_point="N1", events=[power_down(110, 120)], gaps=[GAP])
    silent = Neighbour(service_point="N2", gaps=[GAP])
    heard = Neighbour(service_point="N3")
    assert cause(with_gap(neighbours=[dark, heard])) is GapCause.OUTAGE
    assert cause(with_gap(neighbours=[silent, heard])) is GapCause.COLLECTOR
    ran = with_gap(neighbours=[heard, heard], events=[cover_open(150)])
    assert cause(ran) is GapCause.COMMUNICATION
    assert cause(with_gap(neighbours=[dark, silent, silent])) is GapCause.UNKNOWN
