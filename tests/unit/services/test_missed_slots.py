"""Slots that passed while no collector ran."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from collectors.bus import BusOwner
from collectors.scheduler import MISSED_MOST, BusPlan
from collectors.targets import Target
from pipeline.coverage import Cause, CoverageStatus
from pipeline.model import MeterId
from pipeline.quantities import Group
from pipeline.registry import Meter, Registry, Schedule
from protocols.session import Driver
from services.missed_slots import missed, note_missed
from storage.coverage import CoverageLedger
from storage.database import connect
from storage.registry import save_registry

M1 = MeterId("M1")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def plans(*schedules: Schedule) -> Sequence[BusPlan]:
    target = Target(meter=M1, address="1", driver=cast("Driver", None), schedules=schedules)
    return [BusPlan(owner=cast("BusOwner", None), targets=[target])]


REGISTERS = plans(Schedule(group="register", every_s=900))


@pytest.mark.parametrize(
    ("now", "slots"),
    [
        (NOON + timedelta(minutes=1), [-3, -2, -1]),  # noon's own slot is still read
        (NOON + timedelta(minutes=10), [-3, -2, -1, 0]),  # too late for it
        (NOON - 4 * QUARTER + timedelta(minutes=5), []),
    ],
)
def test_every_slot_since_the_last_one_is_missing_because_nobody_asked(
    now: datetime, slots: list[int]
) -> None:
    found = list(missed(REGISTERS, {(M1, Group.REGISTER): NOON - 4 * QUARTER}, now))
    assert [entry.slot_at for entry in found] == [NOON + place * QUARTER for place in slots]
    assert {(entry.status, entry.cause, entry.attempts) for entry in found} <= {
        (CoverageStatus.MISSING, Cause.NOT_ASKED, 0)
    }


def test_a_meter_that_was_never_read_has_missed_nothing() -> None:
    assert list(missed(REGISTERS, {}, NOON)) == []


def test_a_long_pause_is_named_as_far_as_the_scheduler_would() -> None:
    found = list(missed(REGISTERS, {(M1, Group.REGISTER): NOON - 5000 * QUARTER}, NOON))
    assert len(found) == MISSED_MOST
    assert found[-1].slot_at == NOON - QUARTER


def test_they_go_into_the_ledger_once(plain_database_url: str) -> None:
    now = NOON + timedelta(minutes=1)
    with connect(plain_database_url) as connection:
        save_registry(connection, Registry(meters=[Meter(id=M1)]))
        first = list(missed(REGISTERS, {(M1, Group.REGISTER): NOON - 4 * QUARTER}, NOON - 2 * QUARTER))
        CoverageLedger(connection).record(first)
    assert len(first) == 1
    assert note_missed(plain_database_url, REGISTERS, now) == 2
    assert note_missed(plain_database_url, REGISTERS, now) == 0
