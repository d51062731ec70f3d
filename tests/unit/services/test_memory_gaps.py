"""What is asked of simulated meters' memories over the wire, with a real database behind it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias  # Any: whatever a test asks for

import psycopg
import pytest

from collectors.bus import BusOwner
from collectors.scheduler import BusPlan
from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.model import MeterId, Snapshot
from pipeline.quantities import Group, Quantity
from pipeline.registry import Bus, Meter, Registry
from protocols.profile import Profile
from services.backfill import backfill
from services.bus_reading import BusReading, Station
from services.store import Store
from services.wiring import load_profiles, target_of
from simulators.dlt645.traits import STANDARD, Traits
from simulators.dlt645_meter import Dlt645Meter
from simulators.dlt645_meter_1997 import Dlt645Meter1997
from simulators.line import serve_line
from storage.coverage import CoverageLedger
from storage.database import connect
from storage.registry import save_registry
from storage.writer import ReadingWriter
from tests.unit.services.stations import storing
from tests.unit.simulators.dlt645.bench import ADDRESS, START, ZONE, Load

NOW = datetime(2026, 3, 5, 3, 20, tzinfo=UTC)
WEEK = timedelta(days=7)
SLOT = datetime(2026, 3, 5, 1, tzinfo=UTC)
METER = MeterId("M1")
PROFILE = load_profiles()["dlt645_2007_three_phase"]
FREEZES_ONLY = replace(PROFILE, load_record_minutes=None)
Row: TypeAlias = tuple[Any, ...]


def rows(url: str, statement: str) -> list[Row]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


def fetch(  # noqa: PLR0913 - what a backfill depends on
    url: str,
    folder: Path,
    profile: Profile,
    *,
    span: timedelta = WEEK,
    traits: Traits = STANDARD,
    times: int = 1,
) -> list[BusReading]:
    meter = Meter(id=METER, zone=ZONE)
    registry = Registry(meters=[meter])
    with connect(url) as connection:
        save_registry(connection, registry)
    kind = Dlt645Meter1997 if profile.name == "dlt645_1997" else Dlt645Meter
    simulated = kind(
        ADDRESS,
        Load(kw=2.0),
        lambda: NOW,
        zone=ZONE,
        memory_from=datetime(2026, 1, 5, tzinfo=UTC),
        traits=traits,
    )

    async def go() -> list[BusReading]:
        line = await serve_line([simulated], host="127.0.0.1")
        bus = Bus(id="b1", url=f"tcp://127.0.0.1:{line.port}", timeout_s=1.0)
        owner = BusOwner(bus, now=lambda: NOW, lock_dir=folder)
        plan = BusPlan(owner=owner, targets=[target_of(meter, ADDRESS, profile, bus.url)])
        station = Station(database_url=url, profiles={METER: profile}, store=Store(url, registry))
        async with storing(station.store):
            found = [await backfill(plan, NOW - span, NOW, station) for _ in range(times)]
        await owner.close()
        await line.close()
        return found

    return asyncio.run(go())


STORED = """
SELECT origin_name, count(*), count(active_energy_import) FROM register_reading_named GROUP BY 1 ORDER BY 1
"""


def test_freezes_and_settlements_of_a_meter_without_load_records_are_fetched_once(
    plain_database_url: str, tmp_path: Path
) -> None:
    first, second = fetch(plain_database_url, tmp_path, FREEZES_ONLY, times=2)
    assert rows(plain_database_url, STORED) == [("daily freeze", 7, 7), ("settlement freeze", 1, 1)]
    assert (first.records, first.failures) == (8, 0)
    assert second.records == 0


def test_the_two_months_of_a_meter_of_1997_are_fetched_once_and_dated_by_its_reading_day(
    plain_database_url: str, tmp_path: Path
) -> None:
    first, second = fetch(plain_database_url, tmp_path, load_profiles()["dlt645_1997"], times=2)
    months = rows(
        plain_database_url,
        "SELECT origin_name, taken_at, active_energy_import FROM register_reading_named ORDER BY taken_at",
    )
    ends = [datetime(2026, 1, 31, 16, tzinfo=UTC), datetime(2026, 2, 28, 16, tzinfo=UTC)]
    hours = [(end - START).total_seconds() / 3600 for end in ends]
    assert [row[:2] for row in months] == [("settlement freeze", end) for end in ends]
    assert [row[2] for row in months] == pytest.approx([2.0 * hour for hour in hours], abs=0.01)
    assert (first.records, first.failures, second.records) == (2, 0, 0)


def test_a_freeze_that_was_missed_is_fetched_beside_stored_load_records(
    plain_database_url: str, tmp_path: Path
) -> None:
    fetch(plain_database_url, tmp_path, PROFILE, span=timedelta(days=2))
    forget = b"DELETE FROM register_reading WHERE origin = 1"
    with psycopg.connect(plain_database_url) as connection:
        assert connection.execute(forget).rowcount == 2
    fetch(plain_database_url, tmp_path, PROFILE, span=timedelta(days=2))
    assert rows(plain_database_url, STORED)[0] == ("daily freeze", 2, 2)


def test_a_meter_that_refuses_freezes_costs_no_failure(plain_database_url: str, tmp_path: Path) -> None:
    (reading,) = fetch(plain_database_url, tmp_path, FREEZES_ONLY, traits=Traits(refuses_freezes=True))
    assert reading.failures == 0
    assert [row[0] for row in rows(plain_database_url, STORED)] == ["settlement freeze"]


@pytest.mark.parametrize(
    ("offset_s", "is_known", "status", "cause"),
    [
        (60, True, "backfilled", None),
        (60, False, "backfilled", None),
        (1200, True, "missing", "clock"),
        (1200, False, "missing", "clock"),  # the backfill reads a clock that nobody has read lately
    ],
)
def test_a_record_by_a_wrong_clock_answers_no_slot_and_the_clock_is_the_cause(  # noqa: PLR0913, PLR0917 - one case
    plain_database_url: str,
    tmp_path: Path,
    offset_s: float,
    is_known: bool,  # noqa: FBT001 - a parameter of the case
    status: str,
    cause: str | None,
) -> None:
    missed = CoverageEntry(
        meter=METER, group=Group.REGISTER, slot_at=SLOT, status=CoverageStatus.MISSING, cause=Cause.NO_ANSWER
    )
    measured = Snapshot(
        meter=METER,
        taken_at=NOW - timedelta(minutes=5),
        received_at=NOW,
        values={Quantity.CLOCK_OFFSET: float(offset_s)},
    )
    with connect(plain_database_url) as connection:
        save_registry(connection, Registry(meters=[Meter(id=METER, zone=ZONE)]))
        CoverageLedger(connection).record([missed])
        ReadingWriter(connection).write([measured] if is_known else [])
    fetch(
        plain_database_url,
        tmp_path,
        PROFILE,
        span=timedelta(hours=12),
        traits=Traits(clock_offset_s=offset_s),
    )
    ledger = (
        f"SELECT status::text, cause FROM coverage WHERE quantity_group = 'register' AND slot_at = '{SLOT}'"  # noqa: S608 - our own instant
    )
    assert rows(plain_database_url, ledger) == [(status, cause)]
    flagged = rows(plain_database_url, "SELECT DISTINCT quality & 1 FROM register_reading WHERE origin = 3")
    assert flagged == [(int(cause is not None),)]
