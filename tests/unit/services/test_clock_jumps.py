"""A clock that is set while a service runs is told, by how much; one that goes on is not."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import pytest

from services.clock_jumps import ClockWatch, tell_clock_jumps

STARTED = datetime(2026, 3, 1, tzinfo=UTC)


class Clocks:
    """Two clocks that go together until somebody sets the first."""

    def __init__(self) -> None:
        self.passed_s = 0.0
        self.set_by_s = 0.0

    def now(self) -> datetime:
        return STARTED + timedelta(seconds=self.passed_s + self.set_by_s)

    def monotonic_s(self) -> float:
        return 1_000.0 + self.passed_s


def test_a_jump_is_seen_once_in_both_directions() -> None:
    clocks = Clocks()
    watch = ClockWatch(clocks.now, clocks.monotonic_s)
    seen = []
    for set_by_s in (0.0, 7_200.0, 7_200.0, 0.0):
        clocks.passed_s += 60
        clocks.set_by_s = set_by_s
        seen.append(round(watch.jumped_s(), 3))
    assert seen == [0.0, 7_200.0, 0.0, -7_200.0]


@pytest.mark.parametrize(("set_by_s", "told"), [(0.5, []), (7_200.0, [7_200.0]), (-30.0, [-30.0])])
def test_what_a_time_service_corrects_is_not_told(
    caplog: pytest.LogCaptureFixture, set_by_s: float, told: list[float]
) -> None:
    caplog.set_level(logging.WARNING, "kilowatch.clock")
    asyncio.run(_set_while_told(set_by_s))
    assert [vars(record)["seconds"] for record in caplog.records] == told
    assert all("timedatectl" in record.getMessage() for record in caplog.records)


async def _set_while_told(set_by_s: float) -> None:
    clocks = Clocks()
    telling = asyncio.create_task(tell_clock_jumps(ClockWatch(clocks.now, clocks.monotonic_s), every_s=0))
    await asyncio.sleep(0)
    clocks.set_by_s = set_by_s
    for _ in range(5):
        await asyncio.sleep(0)
    telling.cancel()
