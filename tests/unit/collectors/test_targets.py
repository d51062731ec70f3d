from collections.abc import Mapping
from datetime import timedelta

import pytest

from collectors.targets import MeterRead, Target, coverage_entries
from pipeline.coverage import Cause, CoverageStatus
from pipeline.model import MeterId, Snapshot
from pipeline.quantities import Group, Quantity
from pipeline.registry import Schedule
from tests.unit.collectors.toy import START, ToyDriver

MINUTE = Schedule(group="electrical", every_s=60)
QUARTER = Schedule(group="register", every_s=900, tolerance_s=120)
TARGET = Target(
    meter=MeterId("M1"),
    address="07",
    driver=ToyDriver(),
    quantities=frozenset({Quantity.VOLTAGE_A, Quantity.ACTIVE_ENERGY_IMPORT}),
    schedules=(MINUTE, QUARTER),
)


def read(
    values: Mapping[Quantity, float] | None = None,
    taken_after_s: float = 1.0,
    cause: Cause | None = None,
    schedules: tuple[Schedule, ...] = (MINUTE, QUARTER),
    refused: frozenset[str] = frozenset(),
) -> MeterRead:
    snapshot = None
    if values is not None:
        taken_at = START + timedelta(seconds=taken_after_s)
        snapshot = Snapshot(meter=MeterId("M1"), taken_at=taken_at, received_at=taken_at, values=values)
    return MeterRead(
        bus="b1", meter=MeterId("M1"), slot_at=START, schedules=schedules,
        snapshot=snapshot, cause=cause, attempts=4, refused=refused,
    )  # fmt: skip


def test_a_schedule_is_due_where_its_slot_begins() -> None:
    assert TARGET.due(START) == (MINUTE, QUARTER)
    assert TARGET.due(START + timedelta(minutes=1)) == (MINUTE,)
    assert TARGET.due(START + timedelta(seconds=30)) == ()
    assert TARGET.due(START, periods_s=(900,)) == (QUARTER,)


def test_what_is_wanted_follows_the_groups_that_are_due() -> None:
    assert TARGET.wanted((QUARTER,)) == {Quantity.ACTIVE_ENERGY_IMPORT}


def test_each_group_is_got_or_missing_by_itself() -> None:
    electrical, register = coverage_entries(read({Quantity.VOLTAGE_A: 230.0}, cause=Cause.NO_ANSWER))
    assert (electrical.group, electrical.status, electrical.cause) == (
        Group.ELECTRICAL, CoverageStatus.GOT, None,
    )  # fmt: skip
    assert (register.group, register.status, register.cause) == (
        Group.REGISTER, CoverageStatus.MISSING, Cause.NO_ANSWER,
    )  # fmt: skip
    assert register.attempts == 4


@pytest.mark.parametrize(
    ("schedule", "taken_after_s", "status"),
    [
        (MINUTE, 30.0, CoverageStatus.GOT),
        (MINUTE, 30.5, CoverageStatus.LATE),
        (QUARTER, 120.0, CoverageStatus.GOT),
        (QUARTER, 121.0, CoverageStatus.LATE),
    ],
)
def test_late_is_after_the_tolerance_which_is_half_the_period_unless_given(
    schedule: Schedule, taken_after_s: float, status: CoverageStatus
) -> None:
    values = {Quantity.VOLTAGE_A: 230.0, Quantity.ACTIVE_ENERGY_IMPORT: 1.0}
    (entry,) = coverage_entries(read(values, taken_after_s, schedules=(schedule,)))
    assert entry.status is status


def test_an_empty_group_without_a_failure_was_refused_or_never_planned() -> None:
    (refused,) = coverage_entries(read(schedules=(MINUTE,), refused=frozenset({"P"})))
    (unplanned,) = coverage_entries(read(schedules=(MINUTE,)))
    assert refused.cause is Cause.REFUSED
    assert unplanned.cause is Cause.WRONG_PARAMETERS
