"""Unknown meters and terminals reach the store, and from there the worklist."""

import asyncio
from pathlib import Path

import pytest

from collectors.bus import BusOwner
from collectors.scheduler import BusPlan
from pipeline.ports import Unmatched
from pipeline.registry import Bus
from services import strangers
from services.entry import Entry
from services.strangers import file_strangers
from tests.unit.collectors.toy import START


def plan(folder: Path, url: str) -> BusPlan:
    bus = Bus(id=url, url=url)
    owner = BusOwner(bus, now=lambda: START, lock_dir=folder, addresses=["07"])
    return BusPlan(owner=owner, targets=[])


def dialled(*said: str) -> list[Unmatched]:
    place = "listen://0.0.0.0:9000"
    return [
        Unmatched(received_at=START, source=place, reason="unknown device", key=key, payload=key.encode())
        for key in said
    ]


def test_strangers_on_buses_and_ports_are_filed_and_terminals_that_came_early_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Entry] = []

    async def put(entry: Entry) -> None:
        kept.append(entry)

    async def main() -> None:
        plans = [plan(tmp_path, "tcp://127.0.0.1:1"), plan(tmp_path, "listen://0.0.0.0:9000/T1")]
        plans[0].owner.strangers.hear("08", b"said")
        filing = asyncio.create_task(file_strangers(plans, put, lambda: START, every_s=0.01))
        await asyncio.sleep(0.1)
        filing.cancel()
        await asyncio.gather(filing, return_exceptions=True)

    answers = iter([dialled("T1", "T9")])
    monkeypatch.setattr(strangers, "unknown_terminals", lambda _now: next(answers, []))
    asyncio.run(main())
    assert len(kept) == 1
    told = [(said.source, said.key) for said in kept[0].unmatched]
    assert told == [("tcp://127.0.0.1:1", "08"), ("listen://0.0.0.0:9000", "T9")]
