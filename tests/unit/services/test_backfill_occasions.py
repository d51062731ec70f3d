import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from collectors.targets import MeterRead
from pipeline.coverage import Cause
from pipeline.model import MeterId, Snapshot
from services.backfill_occasions import BACK_AFTER, SPREAD, Occasions, next_time
from tests.unit.collectors.toy import run_simulated, simulated_now

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)  # local midnight


def read(cause: Cause | None, meter: str = "M1", slot_at: datetime | None = AT) -> MeterRead:
    snapshot = None
    if cause is None:
        snapshot = Snapshot(meter=MeterId(meter), taken_at=AT, received_at=AT, values={})
    return MeterRead(
        bus="b1",
        meter=MeterId(meter),
        slot_at=slot_at,
        schedules=(),
        snapshot=snapshot,
        cause=cause,
        attempts=1,
    )


def test_a_night_has_four_times_in_local_time() -> None:
    found, at = [], AT
    for _ in range(5):
        at = next_time(at, SHANGHAI, "b1")
        found.append(at)
    local = [instant.astimezone(SHANGHAI) for instant in found]
    spread = local[0] - local[0].replace(minute=30, second=0, microsecond=0)
    assert timedelta(0) <= spread < SPREAD
    assert [f"{instant - spread:%d %H:%M}" for instant in local] == [
        "02 00:30",
        "02 01:00",
        "02 02:00",
        "02 06:00",
        "03 00:30",
    ]
    assert all(instant.tzinfo is UTC for instant in found)


def test_buses_do_not_begin_in_one_instant() -> None:
    assert len({next_time(AT, SHANGHAI, f"b{n}") for n in range(50)}) == 50


@pytest.mark.parametrize(
    ("before", "is_back"),
    [
        ([Cause.LINK], True),
        ([Cause.NO_ANSWER] * BACK_AFTER, True),
        ([Cause.NO_ANSWER] * (BACK_AFTER - 1), False),
        ([Cause.CHECKSUM, None, Cause.CHECKSUM, None, Cause.CHECKSUM], False),
        ([], False),
    ],
)
def test_a_meter_is_back_after_a_lost_line_or_a_long_silence(
    before: list[Cause | None], *, is_back: bool
) -> None:
    def miss_then_answer(seen: Occasions) -> None:
        for cause in (*before, None):
            seen.note(read(cause))

    assert happens_within(10, miss_then_answer) == ("a meter is back" if is_back else None)


def test_a_person_s_read_is_no_occasion() -> None:
    def ask(seen: Occasions) -> None:
        seen.note(read(Cause.LINK, slot_at=None))
        seen.note(read(None, slot_at=None))

    assert happens_within(10, ask) is None


def test_the_time_of_day_comes_for_who_owns_the_bus() -> None:
    hours = 24 * 3600
    assert happens_within(hours, lambda _: None) == "the time of day"
    assert happens_within(hours, lambda _: None, is_ours=lambda: False) is None


def test_a_bus_that_becomes_ours_is_looked_after_at_once() -> None:
    def after_a_minute() -> bool:
        return asyncio.get_running_loop().time() > 60

    assert happens_within(70, lambda _: None, is_ours=after_a_minute) == "taken over"


def happens_within(
    seconds: float, do: Callable[[Occasions], None], is_ours: Callable[[], bool] = lambda: True
) -> str | None:
    """Return the first occasion after ``do``; None when there is none in time."""

    async def main() -> str | None:
        occasions = Occasions("b1", SHANGHAI, simulated_now)
        do(occasions)
        try:
            async with asyncio.timeout(seconds):
                return await occasions.next(is_ours)
        except TimeoutError:
            return None

    return run_simulated(main())
