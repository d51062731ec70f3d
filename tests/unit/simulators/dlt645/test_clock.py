from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from simulators.dlt645.clock import MeterClock
from simulators.dlt645.traits import ClockJump, Traits
from tests.unit.simulators.dlt645.bench import NOW, Clock

ZONE = ZoneInfo("Asia/Shanghai")
BEGIN = NOW - timedelta(days=10)


def clock(true: Clock, **traits: object) -> MeterClock:
    return MeterClock(true, ZONE, Traits(**traits), BEGIN)  # type: ignore[arg-type]  # names of traits


def test_an_offset_moves_the_clock_for_ever() -> None:
    fast = clock(Clock(), clock_offset_s=90)
    assert fast.now() == NOW + timedelta(seconds=90)
    assert fast.true_at(fast.now()) == NOW


def test_drift_adds_up_from_when_the_memory_begins() -> None:
    drifting = clock(Clock(), clock_drift_s_per_day=2.5)
    assert drifting.now() == NOW + timedelta(seconds=25)
    assert abs(drifting.true_at(drifting.now()) - NOW) < timedelta(milliseconds=1)


@pytest.mark.parametrize("by_s", [600.0, -600.0])
def test_a_jump_holds_from_its_moment_on(by_s: float) -> None:
    at = NOW - timedelta(hours=1)
    true = Clock(at - timedelta(seconds=1))
    jumping = clock(true, clock_jumps=(ClockJump(at=at, by_s=by_s),))
    assert jumping.now() == true.now
    true.pass_(hours=1)
    assert jumping.now() == true.now + timedelta(seconds=by_s)
    assert jumping.true_at(jumping.now()) == true.now
    before = at - timedelta(hours=3)
    assert jumping.true_at(before) == before


def test_a_time_that_a_jump_left_out_is_the_jump_itself() -> None:
    at = NOW - timedelta(hours=1)
    jumping = clock(Clock(), clock_jumps=(ClockJump(at=at, by_s=600),))
    assert jumping.true_at(at + timedelta(seconds=300)) == at


def test_setting_ends_offset_and_begins_drift_anew() -> None:
    true = Clock()
    wrong = clock(true, clock_offset_s=-300, clock_drift_s_per_day=8.64)
    wrong.set_to(true.now)
    assert wrong.now() == true.now
    true.pass_(days=1)
    assert wrong.now() - true.now == timedelta(seconds=8.64)


@pytest.mark.parametrize(("off_s", "obeyed"), [(299, True), (-299, True), (301, False), (-301, False)])
def test_a_broadcast_moves_the_clock_by_five_minutes_at_most(off_s: float, obeyed: bool) -> None:  # noqa: FBT001 - a case
    right = clock(Clock())
    sent = NOW + timedelta(seconds=off_s)
    assert right.obey_broadcast(sent) is obeyed
    assert right.now() == (sent if obeyed else NOW)


def test_a_broadcast_is_obeyed_once_a_day() -> None:
    true = Clock()
    right = clock(true)
    assert right.obey_broadcast(true.now + timedelta(seconds=5))
    true.pass_(hours=1)
    assert not right.obey_broadcast(true.now)
    true.pass_(days=1)
    assert right.obey_broadcast(true.now)


@pytest.mark.parametrize(("minute", "obeyed"), [(57, False), (64, False), (66, True), (54, True)])
def test_no_broadcast_is_obeyed_around_midnight(minute: int, obeyed: bool) -> None:  # noqa: FBT001 - a case
    midnight = datetime(2026, 3, 10, 16, tzinfo=UTC)  # local
    true = Clock(midnight + timedelta(minutes=minute - 60))
    assert clock(true).obey_broadcast(true.now) is obeyed
