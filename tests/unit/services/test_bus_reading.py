"""What is read outside the schedule reaches the store, each read with its lines of the ledger."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

from collectors.bus import BusOwner, OnResult
from collectors.targets import MeterRead, Target
from pipeline.coverage import Cause, CoverageStatus
from pipeline.frames import RawFrame
from pipeline.model import MeterId, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import Bus, Schedule
from protocols.session import Driver
from services.bus_reading import BusReading, keep_reads, read_now, read_slots, reading_of
from services.store import Entry

SLOT = datetime(2026, 11, 22, 4, tzinfo=UTC)
REGISTER = Schedule(group="register", every_s=900)


class Owner:
    """A bus on which meters whose name begins with S are silent."""

    bus = Bus(id="bus", url="tcp://127.0.0.1:1")

    def __init__(self) -> None:
        self.slots: list[tuple[datetime, Collection[int] | None]] = []

    async def read_meter(
        self, target: Target, wanted: Collection[Quantity], slot_at: datetime | None
    ) -> MeterRead:
        assert wanted == target.quantities
        return read(target.meter, slot_at)

    async def read_slot(
        self,
        targets: Sequence[Target],
        slot_at: datetime,
        on_result: OnResult,
        *,
        periods_s: Collection[int] | None = None,
    ) -> list[MeterRead]:
        self.slots.append((slot_at, periods_s))
        reads = [read(target.meter, slot_at) for target in targets]
        for one in reads:
            await on_result(one)
        return reads


def read(meter: MeterId, slot_at: datetime | None) -> MeterRead:
    silent = meter.startswith("S")
    snapshot = Snapshot(
        meter=meter, taken_at=SLOT, received_at=SLOT, values={Quantity.ACTIVE_ENERGY_IMPORT: 1.0}
    )
    return MeterRead(
        bus="bus",
        meter=meter,
        slot_at=slot_at,
        schedules=(REGISTER,),
        snapshot=None if silent else snapshot,
        cause=Cause.NO_ANSWER if silent else None,
        attempts=1,
    )


def targets(*meters: str) -> list[Target]:
    return [
        Target(
            meter=MeterId(meter),
            address=meter,
            driver=cast("Driver", None),
            quantities=frozenset({Quantity.ACTIVE_ENERGY_IMPORT}),
        )
        for meter in meters
    ]


class Kept:
    def __init__(self) -> None:
        self.entries: list[Entry] = []

    async def put(self, entry: Entry) -> None:
        self.entries.append(entry)


def test_each_period_is_read_at_its_own_slot() -> None:
    owner, kept = Owner(), Kept()
    slots = {900: SLOT, 60: SLOT.replace(minute=3)}
    reading = asyncio.run(read_slots(cast("BusOwner", owner), targets("A", "S1"), slots, kept.put))
    assert owner.slots == [(SLOT, (900,)), (SLOT.replace(minute=3), (60,))]
    assert reading == BusReading(bus="bus", read=2, missing=2)
    statuses = [line.status for entry in kept.entries for line in entry.coverage]
    assert statuses == [CoverageStatus.GOT, CoverageStatus.MISSING] * 2


def test_a_read_outside_the_schedule_stands_in_no_slot() -> None:
    kept = Kept()
    reads = asyncio.run(read_now(cast("BusOwner", Owner()), targets("A", "S1"), kept.put))
    assert reading_of("bus", reads) == BusReading(bus="bus", read=1, missing=1)
    assert [len(entry.snapshots) for entry in kept.entries] == [1, 0]
    assert not any(entry.coverage for entry in kept.entries)


def test_a_read_is_kept_as_one_entry() -> None:
    kept = Kept()

    async def keep() -> None:
        await keep_reads(kept.put)(read(MeterId("A"), SLOT))

    asyncio.run(keep())
    (entry,) = kept.entries
    assert [s.meter for s in entry.snapshots] == ["A"]
    assert [line.slot_at for line in entry.coverage] == [SLOT]


def test_readings_of_a_bus_add_up_and_keep_who_served_them() -> None:
    first = BusReading(bus="b", read=1, missing=2, records=3, failures=4, served_by="collector")
    assert first + BusReading(bus="b", read=10, missing=20, records=30, failures=40) == BusReading(
        bus="b", read=11, missing=22, records=33, failures=44, served_by="collector"
    )


def test_the_bytes_of_a_read_stand_under_the_time_by_which_its_reading_is_found() -> None:
    asked_at = SLOT.replace(second=5)
    frames = (RawFrame("0201FF00", asked_at, None, b"?", b""),)
    kept = Kept()

    async def keep() -> None:
        for meter in ("A", "S1"):
            await keep_reads(kept.put)(replace(read(MeterId(meter), SLOT), frames=frames))

    asyncio.run(keep())
    (answered,), (silent,) = (entry.raw for entry in kept.entries)
    assert (answered.received_at, silent.received_at) == (SLOT, asked_at)
    assert (silent.meters, silent.slot_at, silent.source) == (("S1",), SLOT, "bus")
