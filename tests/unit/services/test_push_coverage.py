"""Every expected slot of a meter that reports by itself ends in the ledger: got, late or missing."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.model import MeterId, Origin, Snapshot
from pipeline.quantities import Group, Quantity
from pipeline.registry import MqttSource, Schedule
from pipeline.timegrid import slot_start
from services.push_coverage import KEPT_SLOTS, PushCoverage

START = datetime(2026, 11, 22, 4, 0, 7, tzinfo=UTC)
FIRST = datetime(2026, 11, 22, 4, 1, tzinfo=UTC)
"""The first expected slot of a minute: that in which we began is half over."""
MINUTE = timedelta(minutes=1)
A, B = MeterId("A"), MeterId("B")
SOURCE = MqttSource(id="gw", topic="kilowatch/v1/gw/readings", every_s=60, meters=("A", "B"))
REGISTER = Schedule(group="register", every_s=60)
ELECTRICAL = Schedule(group="electrical", every_s=60)


def push(
    meter: str = "A",
    taken_at: datetime = FIRST,
    delay_s: float = 1.0,
    *,
    quantity: Quantity = Quantity.ACTIVE_ENERGY_IMPORT,
    origin: Origin = Origin.PUSH,
) -> Snapshot:
    return Snapshot(
        meter=MeterId(meter),
        taken_at=taken_at,
        received_at=taken_at + timedelta(seconds=delay_s),
        values={quantity: 1.0},
        origin=origin,
    )


def take(coverage: PushCoverage, *snapshots: Snapshot) -> list[tuple[str, str]]:
    """Let readings arrive and be stored; return meter and status of the lines."""
    lines = coverage.answered(snapshots)
    coverage.note(lines)
    return shown(lines)


def settle(coverage: PushCoverage, now: datetime) -> list[tuple[str, datetime]]:
    lines = coverage.overdue(now)
    coverage.settle(now)
    assert all(line.status is CoverageStatus.MISSING for line in lines)
    assert all(line.cause is Cause.NO_ANSWER for line in lines)
    return [(line.meter, line.slot_at) for line in lines]


def shown(lines: Sequence[CoverageEntry]) -> list[tuple[str, str]]:
    return [(line.meter, line.status.value) for line in lines]


@pytest.fixture
def coverage() -> PushCoverage:
    return PushCoverage([SOURCE], [REGISTER], START)


def test_a_reading_in_its_slot_is_got(coverage: PushCoverage) -> None:
    (line,) = coverage.answered([push(taken_at=FIRST + timedelta(seconds=3))])
    assert (line.meter, line.group, line.slot_at) == (A, Group.REGISTER, FIRST)
    assert line.status is CoverageStatus.GOT


def test_a_reading_may_come_half_a_period_after_its_slot_and_is_late_then(coverage: PushCoverage) -> None:
    assert take(coverage, push("A", delay_s=90)) == [("A", "got")]
    assert take(coverage, push("B", delay_s=91)) == [("B", "late")]


def test_the_same_reading_twice_is_told_once(coverage: PushCoverage) -> None:
    assert take(coverage, push(), push()) == [("A", "got")]
    assert take(coverage, push(taken_at=FIRST + timedelta(seconds=5))) == []


def test_an_answer_that_was_not_stored_is_told_again(coverage: PushCoverage) -> None:
    """The broker delivers a batch again that the database did not take."""
    first = coverage.answered([push()])
    assert coverage.answered([push()]) == first
    coverage.note(first)
    assert coverage.answered([push()]) == []


def test_a_slot_that_brought_nothing_is_missing_after_its_grace(coverage: PushCoverage) -> None:
    take(coverage, push("B"))
    assert settle(coverage, FIRST + timedelta(seconds=89)) == []
    assert settle(coverage, FIRST + timedelta(seconds=90)) == [("A", FIRST)]
    assert settle(coverage, FIRST + timedelta(seconds=149)) == []


def test_what_could_not_be_written_down_stays_overdue(coverage: PushCoverage) -> None:
    late = FIRST + 2 * MINUTE
    first = coverage.overdue(late)
    assert first
    assert coverage.overdue(late) == first
    coverage.settle(late)
    assert coverage.overdue(late) == []


def test_a_message_after_its_slot_was_settled_is_late(coverage: PushCoverage) -> None:
    settle(coverage, FIRST + 5 * MINUTE)
    assert take(coverage, push("A", delay_s=300)) == [("A", "late")]


def test_a_restart_expects_whole_slots_only_and_still_tells_what_waited_at_the_broker() -> None:
    coverage = PushCoverage([SOURCE], [REGISTER], START)
    assert take(coverage, push("A", FIRST - 3 * MINUTE, delay_s=130)) == [("A", "late")]
    missing = settle(coverage, FIRST + 2 * MINUTE)
    assert missing == [("A", FIRST), ("B", FIRST)]


def test_meters_outside_every_source_are_not_expected(coverage: PushCoverage) -> None:
    assert take(coverage, push("stranger")) == []
    assert coverage.slot_of(push("stranger")) is None


def test_a_source_without_a_period_expects_nothing() -> None:
    coverage = PushCoverage([MqttSource(id="gw", topic="t", meters=("A",))], [REGISTER], START)
    assert take(coverage, push()) == []
    assert settle(coverage, FIRST + 10 * MINUTE) == []


@pytest.mark.parametrize("origin", [Origin.LOAD_RECORD, Origin.DAILY_FREEZE, Origin.MANUAL])
def test_stored_readings_answer_no_live_slot(coverage: PushCoverage, origin: Origin) -> None:
    assert take(coverage, push(origin=origin)) == []
    assert coverage.slot_of(push(origin=origin)) is None


def test_a_load_record_fills_the_slot_that_was_missed_at_its_start(coverage: PushCoverage) -> None:
    assert ("A", FIRST) in settle(coverage, FIRST + 2 * MINUTE)
    record = push(origin=Origin.LOAD_RECORD, delay_s=300)
    assert take(coverage, record) == [("A", "backfilled")]
    assert take(coverage, record) == []


@pytest.mark.parametrize("taken_at", [FIRST + timedelta(seconds=30), FIRST - MINUTE])
def test_a_load_record_within_a_slot_or_from_before_the_start_fills_none(
    coverage: PushCoverage, taken_at: datetime
) -> None:
    settle(coverage, FIRST + 2 * MINUTE)
    assert take(coverage, push(taken_at=taken_at, origin=Origin.LOAD_RECORD, delay_s=300)) == []


def test_each_group_has_a_line_of_its_own() -> None:
    coverage = PushCoverage([SOURCE], [REGISTER, ELECTRICAL, ELECTRICAL], START)
    lines = coverage.answered([push(quantity=Quantity.VOLTAGE_A)])
    assert [line.group for line in lines] == [Group.ELECTRICAL]
    coverage.note(lines)
    overdue = [(e.meter, e.group) for e in coverage.overdue(FIRST + 2 * MINUTE - timedelta(seconds=1))]
    assert overdue == [(A, Group.REGISTER), (B, Group.REGISTER), (B, Group.ELECTRICAL)]


def test_a_time_in_the_future_answers_no_slot(coverage: PushCoverage) -> None:
    ahead = Snapshot(
        meter=A,
        taken_at=FIRST + timedelta(hours=1),
        received_at=FIRST,
        values={Quantity.ACTIVE_ENERGY_IMPORT: 1.0},
        origin=Origin.PUSH,
    )
    assert take(coverage, ahead) == []


def test_the_clock_is_the_cause_where_a_reading_came_from_the_future(coverage: PushCoverage) -> None:
    assert take(coverage, push(taken_at=FIRST + 30 * MINUTE, delay_s=-30 * 60 + 5)) == []
    lines = coverage.overdue(FIRST + 3 * MINUTE)
    causes = {(line.meter, line.slot_at): line.cause for line in lines}
    assert causes[A, FIRST] is Cause.CLOCK
    assert causes[A, FIRST + MINUTE] is Cause.NO_ANSWER
    assert causes[B, FIRST] is Cause.NO_ANSWER
    coverage.settle(FIRST + 3 * MINUTE)
    assert coverage.overdue(FIRST + 3 * MINUTE) == []


def test_what_is_long_past_is_forgotten_also_of_a_meter_that_never_misses(coverage: PushCoverage) -> None:
    for n in range(3 * KEPT_SLOTS):
        slot = FIRST + n * MINUTE
        take(coverage, push("A", slot), push("B", slot))
        assert settle(coverage, slot + MINUTE) == []
    assert len(coverage._came[A]) <= KEPT_SLOTS + 3


@given(
    messages=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 59), st.integers(0, 400)), max_size=40),
    looks=st.lists(st.integers(0, 1500), max_size=30),
)
def test_every_expected_slot_is_told_and_none_twice(
    messages: list[tuple[int, int, int]], looks: list[int]
) -> None:
    """In any order: each slot is got or late where a reading came, else missing, and never told twice."""
    coverage = PushCoverage([MqttSource(id="gw", topic="t", every_s=60, meters=("A",))], [REGISTER], START)
    end = FIRST + 40 * MINUTE
    arrivals = [push("A", FIRST + slot * MINUTE + timedelta(seconds=s), delay) for slot, s, delay in messages]
    happenings: list[tuple[datetime, Snapshot | None]] = [(s.received_at, s) for s in arrivals]
    happenings += [(FIRST + timedelta(seconds=at), None) for at in looks]
    happenings += [(end, None)]
    told: list[CoverageEntry] = []
    for now, snapshot in sorted(happenings, key=lambda happening: happening[0]):
        if snapshot is not None:
            lines = coverage.answered([snapshot])
            coverage.note(lines)
        else:
            lines = coverage.overdue(now)
            coverage.settle(now)
        told += lines
    answered = {slot_start(s.taken_at, 60) for s in arrivals}
    came = Counter(line.slot_at for line in told if line.status is not CoverageStatus.MISSING)
    missed = Counter(line.slot_at for line in told if line.status is CoverageStatus.MISSING)
    expected = {FIRST + n * MINUTE for n in range(39)}
    assert set(came) == answered
    assert set(came) | set(missed) == expected | answered
    assert {*came.values(), *missed.values()} <= {1}
