"""The watch looks at once, when episodes are new, and after a while anyhow; a stop ends it after its look."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

import pytest

from pipeline.errors import StorageError
from services.alarm_delivery import Delivered
from services.alarm_watch import AlarmWatch
from services.alarms import AlarmRun, Looked
from storage.announcements import Announcement, Topic

FOR_EVER_S = 3600.0
NOTHING = AlarmRun(
    looked=Looked(open_incidents=0, opened=0, signals=0, messages=0, held=0), delivered=Delivered()
)


class Looks:
    """Counts looks, and lets a test wait for one."""

    def __init__(self, *answers: AlarmRun | StorageError) -> None:
        self.count = 0
        self.go_on: list[bool] = []
        self._answers = list(answers)
        self._loop = asyncio.get_running_loop()
        self._looked = asyncio.Event()

    def __call__(self, go_on: Callable[[], bool]) -> AlarmRun:
        self.count += 1
        self.go_on.append(go_on())
        self._loop.call_soon_threadsafe(self._looked.set)
        answer = self._answers.pop(0) if self._answers else NOTHING
        if isinstance(answer, StorageError):
            raise answer
        return answer

    async def seen(self, count: int) -> None:
        while self.count < count:
            self._looked.clear()
            if self.count < count:
                await asyncio.wait_for(self._looked.wait(), 10)


class Announcer:
    """What the database announces, as a test says it."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Announcement | StorageError] = asyncio.Queue()

    def say(self, what: Topic | StorageError) -> None:
        self._queue.put_nowait(Announcement(what) if isinstance(what, Topic) else what)

    async def listen(self) -> AsyncIterator[Announcement | None]:
        yield None
        while True:
            said = await self._queue.get()
            if isinstance(said, StorageError):
                raise said
            yield said
            self._queue.task_done()

    async def heard(self) -> None:
        await self._queue.join()


def test_it_looks_at_once_and_when_episodes_are_new_and_not_for_readings() -> None:
    async def scenario() -> None:
        looks, announcer = Looks(), Announcer()
        watch = AlarmWatch(looks, announcer.listen, every_s=FOR_EVER_S, gather_s=0)
        running = asyncio.create_task(watch.run())
        await looks.seen(2)  # now, and once it hears: what came in between was not heard
        announcer.say(Topic.READINGS)
        announcer.say(Topic.COVERAGE)
        await announcer.heard()
        assert looks.count == 2
        announcer.say(Topic.EPISODES)
        await looks.seen(3)
        watch.stop()
        await asyncio.wait_for(running, 10)
        assert looks.count == 3

    asyncio.run(scenario())


def test_it_looks_again_after_a_while_when_nothing_is_announced() -> None:
    async def scenario() -> None:
        looks = Looks()
        watch = AlarmWatch(looks, Announcer().listen, every_s=0.01)
        running = asyncio.create_task(watch.run())
        await looks.seen(3)
        watch.stop()
        await asyncio.wait_for(running, 10)

    asyncio.run(scenario())


def test_a_database_that_is_away_ends_neither_the_looks_nor_the_watch(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario() -> None:
        looks, announcer = Looks(StorageError("the database is away")), Announcer()
        announcer.say(StorageError("the connection is gone"))
        watch = AlarmWatch(looks, announcer.listen, every_s=0.01)
        running = asyncio.create_task(watch.run())
        await looks.seen(2)
        watch.stop()
        await asyncio.wait_for(running, 10)

    asyncio.run(scenario())
    assert "alarms.away" in caplog.text
    assert "alarms.deaf" in caplog.text


def test_a_stop_during_a_look_lets_it_finish_and_tells_it_to_begin_nothing_new() -> None:
    async def scenario() -> list[bool]:
        told: list[bool] = []
        loop = asyncio.get_running_loop()
        begun = asyncio.Event()

        def look(go_on: Callable[[], bool]) -> AlarmRun:
            told.append(go_on())
            loop.call_soon_threadsafe(begun.set)
            while go_on():
                pass
            told.append(go_on())
            return NOTHING

        watch = AlarmWatch(look, Announcer().listen, every_s=FOR_EVER_S)
        running = asyncio.create_task(watch.run())
        await begun.wait()
        watch.stop()
        await asyncio.wait_for(running, 10)
        return told

    assert asyncio.run(scenario()) == [True, False]


def test_what_was_found_is_a_line_of_the_log_and_nothing_is_none(caplog: pytest.LogCaptureFixture) -> None:
    found = AlarmRun(
        looked=Looked(open_incidents=3, opened=1, signals=300, messages=2, held=0),
        delivered=Delivered(sent=2, failed=0),
    )

    async def scenario() -> None:
        looks = Looks(NOTHING, found)
        watch = AlarmWatch(looks, Announcer().listen, every_s=0.01)
        running = asyncio.create_task(watch.run())
        await looks.seen(3)
        watch.stop()
        await asyncio.wait_for(running, 10)

    with caplog.at_level(logging.INFO, "kilowatch.alarms"):
        asyncio.run(scenario())
    (line,) = [record for record in caplog.records if record.message == "alarms.looked"]
    assert (line.__dict__["open"], line.__dict__["sent"]) == (3, 2)


def test_what_nobody_expected_of_hearing_ends_the_watch_and_is_told() -> None:
    async def broken() -> AsyncIterator[Announcement | None]:
        yield None
        raise ValueError("a payload that is none")

    async def scenario() -> None:
        looks = Looks()
        watch = AlarmWatch(looks, broken, every_s=FOR_EVER_S, gather_s=0)
        with pytest.raises(ValueError, match="a payload that is none"):
            await asyncio.wait_for(watch.run(), 10)
        assert looks.count >= 1

    asyncio.run(scenario())
