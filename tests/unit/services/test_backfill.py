"""Backfill against a meter's memory that the test holds, with a real database behind it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import LiteralString, cast

import psycopg
import pytest

from collectors.bus import BusOwner
from collectors.scheduler import BusPlan
from collectors.targets import MeterBackfill, Target
from pipeline.coverage import Cause
from pipeline.frames import RawFrame
from pipeline.model import MeterId, Origin, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import Bus, Meter, Registry
from protocols.profile import Profile, Side
from protocols.session import Driver
from services.backfill import EMPTY_MOST, ROUNDS, backfill
from services.bus_reading import BusReading, Station
from services.memory_gaps import CHUNK, chunks
from services.store import Store
from storage.database import connect
from storage.registry import save_registry
from tests.unit.services.stations import storing

UNTIL = datetime(2026, 11, 22, 4, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
A, B = MeterId("A"), MeterId("B")

Holds = Callable[[datetime], bool]


@dataclass
class Memory:
    """The owner of a bus whose meters remember what the test says."""

    holds: dict[MeterId, Holds]
    failing: list[Cause] = field(default_factory=list)
    """What the next questions bring instead of an answer."""
    asked: list[tuple[MeterId, datetime, datetime]] = field(default_factory=list)
    bus: Bus = field(default_factory=lambda: Bus(id="bus", url="tcp://127.0.0.1:1"))

    async def backfill_meter(self, target: Target, starts_at: datetime, ends_at: datetime) -> MeterBackfill:
        self.asked.append((target.meter, starts_at, ends_at))
        if self.failing:
            return MeterBackfill(
                bus="bus", meter=target.meter, snapshots=(), cause=self.failing.pop(), attempts=1
            )
        hours = (starts_at + n * HOUR for n in range((ends_at - starts_at) // HOUR))
        held = [record(target.meter, at) for at in hours if self.holds[target.meter](at)]
        frame = RawFrame("load records", starts_at, UNTIL, b"question", b"answer")
        return MeterBackfill(
            bus="bus",
            meter=target.meter,
            snapshots=held,
            cause=None,
            attempts=1,
            frames={UNTIL: [frame]} if held else {},
        )


def record(meter: MeterId, at: datetime) -> Snapshot:
    return Snapshot(
        meter=meter,
        taken_at=at,
        received_at=UNTIL,
        values={Quantity.ACTIVE_ENERGY_IMPORT: 1.0, Quantity.VOLTAGE_A: 220.0},
        origin=Origin.LOAD_RECORD,
    )


def profile(*, days: int = 60, minutes: int | None = 60) -> Profile:
    return Profile(
        name="hourly",
        protocol="dlt645",
        description="",
        side=Side.SECONDARY,
        source="test",
        quantities=frozenset(),
        load_record_minutes=minutes,
        load_record_days=days,
    )


def run(
    url: str, memory: Memory, since: datetime, profiles: dict[MeterId, Profile] | None = None
) -> BusReading:
    registry = Registry(meters=[Meter(id=A), Meter(id=B)])
    with connect(url) as connection:
        save_registry(connection, registry)
    known = profiles or dict.fromkeys(memory.holds, profile())
    targets = [Target(meter=meter, address=meter, driver=cast("Driver", None)) for meter in memory.holds]
    plan = BusPlan(owner=cast("BusOwner", memory), targets=targets)

    async def go() -> BusReading:
        station = Station(database_url=url, profiles=known, store=Store(url, registry))
        async with storing(station.store):
            return await backfill(plan, since, UNTIL, station)

    return asyncio.run(go())


def number(url: str, statement: LiteralString) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement).fetchone()
    assert row is not None
    return int(row[0])


def always(_at: datetime) -> bool:
    return True


def since(begin: datetime) -> Holds:
    return lambda at: at >= begin


def test_spans_are_cut_into_pieces_newest_first() -> None:
    spans = [(UNTIL - 20 * DAY, UNTIL - 12 * DAY), (UNTIL - DAY, UNTIL)]
    assert chunks(spans) == [
        (UNTIL - DAY, UNTIL),
        (UNTIL - 17 * DAY, UNTIL - 12 * DAY),
        (UNTIL - 20 * DAY, UNTIL - 17 * DAY),
    ]
    assert chunks([]) == []
    assert chunks([(UNTIL - CHUNK, UNTIL)]) == [(UNTIL - CHUNK, UNTIL)]


def test_everything_missing_is_fetched_and_stands_in_the_ledger(plain_database_url: str) -> None:
    memory = Memory({A: always, B: always})
    reading = run(plain_database_url, memory, UNTIL - 6 * DAY)
    assert reading == BusReading(bus="bus", records=2 * 6 * 24)
    assert number(plain_database_url, "SELECT count(*) FROM register_reading") == 2 * 6 * 24
    ledger = "SELECT count(*) FROM coverage WHERE status = 'backfilled'"
    assert number(plain_database_url, ledger) == 2 * 6 * 24 * 2
    explained = (
        "SELECT count(DISTINCT (m.id, taken_at)) FROM raw_frame f "
        "JOIN register_reading r USING (received_at) "
        "JOIN meter m ON m.meter_id = r.meter_id AND m.id = ANY (f.meters) "
        "WHERE r.taken_at BETWEEN f.tells_from AND f.tells_until"
    )
    assert number(plain_database_url, explained) == 2 * 6 * 24
    # Both meters fill up side by side, what is newest first.
    assert [(meter, ends) for meter, _, ends in memory.asked[:3]] == [
        (A, UNTIL),
        (B, UNTIL),
        (A, UNTIL - CHUNK),
    ]


def test_what_is_stored_is_not_asked_for_again(plain_database_url: str) -> None:
    run(plain_database_url, Memory({A: lambda at: at.hour != 7}), UNTIL - DAY)
    memory = Memory({A: always})
    assert run(plain_database_url, memory, UNTIL - DAY).records == 1
    seven = UNTIL.replace(hour=7) - DAY
    assert memory.asked == [(A, seven, seven + HOUR)]


def test_a_meter_whose_memory_has_ended_is_not_asked_for_older_pieces(plain_database_url: str) -> None:
    memory = Memory({A: since(UNTIL - 3 * DAY)})
    run(plain_database_url, memory, UNTIL - 40 * DAY)
    assert len(memory.asked) == 1 + EMPTY_MOST


def test_short_holes_do_not_pass_for_the_end_of_the_memory(plain_database_url: str) -> None:
    """Three power cuts lie between the newest records and a week that was never fetched."""
    cuts = {UNTIL - n * DAY for n in (1, 2, 3)}
    newest = Memory({A: lambda at: at not in cuts})
    run(plain_database_url, newest, UNTIL - 4 * DAY)
    memory = Memory({A: lambda at: at not in cuts})
    assert run(plain_database_url, memory, UNTIL - 11 * DAY).records == 7 * 24


def test_what_a_bad_line_has_cost_is_asked_for_again(plain_database_url: str) -> None:
    memory = Memory({A: always}, failing=[Cause.CHECKSUM])
    reading = run(plain_database_url, memory, UNTIL - DAY)
    assert (reading.records, reading.failures) == (24, 0)
    assert len(memory.asked) == 2


def test_a_line_that_stays_bad_is_given_up_after_some_rounds(plain_database_url: str) -> None:
    memory = Memory({A: always}, failing=[Cause.LINK] * 100)
    reading = run(plain_database_url, memory, UNTIL - DAY)
    assert (reading.records, reading.failures) == (0, 1)
    assert len(memory.asked) == ROUNDS


def test_failures_do_not_count_as_an_empty_memory(plain_database_url: str) -> None:
    memory = Memory({A: always}, failing=[Cause.NO_ANSWER] * (EMPTY_MOST + 1))
    reading = run(plain_database_url, memory, UNTIL - 20 * DAY)
    assert (reading.records, reading.failures) == (20 * 24, 0)


def test_each_meter_is_asked_as_far_back_as_its_own_model_remembers(plain_database_url: str) -> None:
    memory = Memory({A: always, B: always})
    profiles = {A: profile(days=2), B: profile(days=10)}
    assert run(plain_database_url, memory, UNTIL - 30 * DAY, profiles).records == (2 + 10) * 24
    assert min(starts for meter, starts, _ in memory.asked if meter == A) == UNTIL - 2 * DAY


@pytest.mark.parametrize("profiles", [{A: profile(minutes=None)}, {}])
def test_meters_without_load_records_are_not_asked(
    plain_database_url: str, profiles: dict[MeterId, Profile]
) -> None:
    memory = Memory(dict.fromkeys(profiles, always))
    assert run(plain_database_url, memory, UNTIL - DAY, profiles) == BusReading(bus="bus")
    assert memory.asked == []


def test_a_model_that_does_not_say_how_long_it_remembers_is_asked_for_all(plain_database_url: str) -> None:
    memory = Memory({A: always})
    assert run(plain_database_url, memory, UNTIL - 3 * DAY, {A: profile(days=0)}).records == 3 * 24


def test_spans_that_do_not_begin_with_a_slot_are_asked_from_the_first_whole_one(
    plain_database_url: str,
) -> None:
    memory = Memory({A: always})
    run(plain_database_url, memory, UNTIL - timedelta(hours=2, minutes=20))
    assert [starts for _, starts, _ in memory.asked] == [UNTIL - 2 * HOUR]
