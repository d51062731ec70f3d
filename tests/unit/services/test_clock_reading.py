import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from collectors.bus import BusOwner
from services.clock_reading import read_clock
from services.store import Entry
from tests.unit.collectors.toy import MemoryLine, ToyDriver, run_simulated
from tests.unit.collectors.toy_bus import owner_of, target


class Faulty(ToyDriver):
    """A driver with a mistake."""

    def plan(self, *_asked: object, **_given: object) -> list[object]:  # type: ignore[override]  # it is never right
        raise IndexError("a mistake")


def read(owner: BusOwner, driver: ToyDriver, kept: list[Entry]) -> float | None:
    async def put(entry: Entry) -> None:
        await asyncio.sleep(0)
        kept.append(entry)

    async def main() -> float | None:
        offset_s = await read_clock(owner, replace(target(7), driver=driver), put)
        await owner.close()
        return offset_s

    return run_simulated(main())


def test_a_meter_that_tells_no_time_has_no_offset(tmp_path: Path) -> None:
    kept: list[Entry] = []
    assert read(owner_of(MemoryLine(), tmp_path), ToyDriver(), kept) is None
    assert kept == []


def test_a_faulty_driver_costs_its_own_clock_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    kept: list[Entry] = []
    assert read(owner_of(MemoryLine(), tmp_path), Faulty(), kept) is None
    assert "meter M07: clock not read" in caplog.text
    assert kept == []
