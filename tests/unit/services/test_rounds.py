import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.rounds import Rounds, next_round

START = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
HOUR = 3600


def test_a_bus_has_its_rounds_at_one_place_of_every_slot() -> None:
    first = next_round(START, HOUR, "b1")
    assert first.hour == 13
    assert timedelta() <= first - first.replace(minute=0, second=0, microsecond=0) < timedelta(minutes=5)
    assert next_round(first, HOUR, "b1") == first + timedelta(hours=1)
    assert next_round(first - timedelta(microseconds=1), HOUR, "b1") == first


def test_buses_are_spread_over_five_minutes() -> None:
    instants = {next_round(START, HOUR, f"bus-{number}") for number in range(100)}
    assert len(instants) == 100
    assert timedelta(minutes=4) < max(instants) - min(instants) < timedelta(minutes=5)
    quick = {next_round(START, 60, f"bus-{number}") for number in range(100)}
    assert max(quick) - min(quick) < timedelta(minutes=1)


def test_missed_rounds_are_not_made_up_for_and_a_fault_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    time = [START]
    gone: list[datetime] = []
    ours = [False, True, True, True]

    async def sleep(seconds: float) -> None:
        time[0] += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    async def go_round() -> None:
        gone.append(time[0])
        if len(gone) == 1:
            time[0] += timedelta(hours=5)
            raise ValueError("a faulty driver")
        if len(gone) == 3:
            raise asyncio.CancelledError

    rounds = Rounds(
        what="events",
        bus="b1",
        every_s=HOUR,
        is_ours=lambda: ours.pop(0),
        now=lambda: time[0],
        sleep=sleep,
    )
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(rounds.keep(go_round))
    assert [at.hour for at in gone] == [14, 20, 21]
    assert "no events in this round" in caplog.text
