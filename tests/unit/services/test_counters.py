"""What a collector tells of itself, and the alarm for each drop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pytest

from collectors.counters import BusCounters
from collectors.spool import SpoolCounters
from collectors.subscriber import SubscriberCounters
from pipeline.errors import StorageError
from pipeline.ports import WriteReport
from protocols.session import DropReason
from services import counters as told_by
from services.counters import Counters
from services.landing import LandingCounters

QUIET = LandingCounters(
    report=WriteReport(written=5),
    behind=False,
    failed_commits=0,
    slow_commits=0,
    unreadable_records=0,
    spool=SpoolCounters(waiting=0, used_bytes=4096),
)


@dataclass
class Landing:
    counters: LandingCounters = QUIET


def test_everybody_on_the_host_can_read_what_is_told(tmp_path: Path) -> None:
    file = tmp_path / "db-0.counters.json"
    counters = Counters(file)
    counters.add("landing", lambda: QUIET)
    counters.add("mqtt", lambda: SubscriberCounters(received=7, waiting=2))
    noise = {next(iter(DropReason)): 4}
    counters.add("buses", lambda: (BusCounters(bus="b1", exchanges=3, dropped=noise),))
    counters.tell()
    found = orjson.loads(file.read_bytes())
    assert found["landing"]["report"]["written"] == 5
    assert found["mqtt"]["waiting"] == 2
    assert found["buses"][0]["exchanges"] == 3
    assert list(found["buses"][0]["dropped"].values()) == [4]
    assert list(tmp_path.iterdir()) == [file]


def test_each_drop_raises_the_alarm_once_by_its_name(caplog: pytest.LogCaptureFixture) -> None:
    landing = Landing()
    mqtt = [SubscriberCounters()]
    counters = Counters(None)
    counters.add("landing", lambda: landing.counters)
    counters.add("mqtt", lambda: mqtt[0])
    counters.tell()
    assert "dropped:" not in caplog.text
    full = SpoolCounters(waiting=9, used_bytes=4096, dropped={0: 3, 1: 4})
    landing.counters = replace(QUIET, spool=full)
    mqtt[0] = SubscriberCounters(dropped=2)
    counters.tell()
    alarms = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert alarms == [
        "dropped: 7 readings for which the spool had no room, by rank",
        "dropped: 2 MQTT messages without delivery promise (QoS 0) that found the queue full",
    ]
    caplog.clear()
    counters.tell()
    assert "dropped:" not in caplog.text


def test_a_file_that_cannot_be_written_costs_only_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counters = Counters(tmp_path / "nowhere" / "counters.json")
    counters.add("landing", lambda: QUIET)
    assert counters.tell()["landing"]["behind"] is False
    assert "the counters cannot be written" in caplog.text


def test_it_is_told_again_and_again_whatever_went_wrong_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told_by, "TELL_EVERY_S", 0.0)
    asked: list[int] = []
    counters = Counters(None)
    enough = asyncio.Event()

    async def scenario() -> None:
        loop = asyncio.get_running_loop()

        def read() -> dict[str, int]:
            asked.append(len(asked))
            if len(asked) == 1:
                raise StorageError("the spool cannot be read now")
            if len(asked) == 3:
                loop.call_soon_threadsafe(enough.set)
            return {"asked": len(asked)}

        counters.add("test", read)
        telling = asyncio.create_task(counters.run())
        await enough.wait()
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)

    asyncio.run(scenario())
    assert len(asked) >= 3
