"""The hub: who hears what, what happens when a page is slow, and when the database goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping

import pytest

from dashboard import live
from dashboard.live import LONGEST_QUEUE, Listener, LiveHub, News
from pipeline.errors import StorageError
from pipeline.model import EVERYTHING, Scope
from storage.announcements import Announcement, MeterPlace, Topic

PLACES = {
    1: MeterPlace(meter="M-1", areas=frozenset({"TA-1"})),
    2: MeterPlace(meter="M-2", areas=frozenset({"TA-2"})),
    3: MeterPlace(meter="M-3", areas=frozenset()),
}
ALL = frozenset(Topic)
FIRST = Scope(frozenset({"TA-1"}))


class Line:
    """A database whose announcements a test hands in."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Announcement | StorageError | None] = asyncio.Queue()

    async def __call__(self) -> AsyncIterator[Announcement | None]:
        while True:
            announced = await self.queue.get()
            if isinstance(announced, StorageError):
                self.queue.task_done()
                raise announced
            yield announced
            # The hub asks for the next one when it has told of this one.
            self.queue.task_done()


def run(
    test: Callable[[LiveHub, Line], Coroutine[None, None, None]],
    places: Callable[[], Mapping[int, MeterPlace]] = lambda: PLACES,
) -> None:
    """Run a test beside a hub that listens to a line."""

    async def main() -> None:
        line = Line()
        hub = LiveHub(line, places)
        task = asyncio.create_task(hub.run())
        await line.queue.put(None)
        await settled(line)
        try:
            await asyncio.wait_for(test(hub, line), 10)
        finally:
            task.cancel()

    asyncio.run(main())


async def settled(line: Line) -> None:
    await asyncio.wait_for(line.queue.join(), 10)


async def told(listener: Listener) -> list[News]:
    found = []
    while (news := await listener.next(0.05)) is not None:
        found.append(news)
    return [news for news in found if news.topic is not None or not news.listening]


def test_a_page_hears_only_of_the_meters_of_its_areas() -> None:
    async def test(hub: LiveHub, line: Line) -> None:
        with hub.joined(EVERYTHING, ALL, None) as all_of_it, hub.joined(FIRST, ALL, None) as first:
            await line.queue.put(Announcement(Topic.READINGS, ((1, 3),)))
            await line.queue.put(Announcement(Topic.READINGS, ((2, 2),)))
            await settled(line)
            assert [n.meters for n in await told(all_of_it)] == [("M-1", "M-2", "M-3"), ("M-2",)]
            assert [n.meters for n in await told(first)] == [("M-1",)]

    run(test)


def test_a_meters_page_hears_of_its_meter_alone_and_only_where_it_may() -> None:
    async def test(hub: LiveHub, line: Line) -> None:
        with hub.joined(EVERYTHING, ALL, "M-2") as second, hub.joined(FIRST, ALL, "M-2") as foreign:
            await line.queue.put(Announcement(Topic.READINGS, ((1, 2000),)))
            await line.queue.put(Announcement(Topic.COVERAGE, ((1, 1),)))
            await settled(line)
            assert [(n.topic, n.meters) for n in await told(second)] == [(Topic.READINGS, ("M-2",))]
            assert await told(foreign) == []

    run(test)


def test_a_page_of_episodes_is_not_woken_by_readings() -> None:
    async def test(hub: LiveHub, line: Line) -> None:
        with hub.joined(EVERYTHING, frozenset({Topic.EPISODES}), None) as page:
            await line.queue.put(Announcement(Topic.READINGS, ((1, 1),)))
            await line.queue.put(Announcement(Topic.EPISODES, ((1, 1),)))
            await settled(line)
            assert [n.topic for n in await told(page)] == [Topic.EPISODES]

    run(test)


def test_what_concerns_no_meter_is_told_to_those_who_see_everything() -> None:
    async def test(hub: LiveHub, line: Line) -> None:
        with hub.joined(EVERYTHING, ALL, None) as all_of_it, hub.joined(FIRST, ALL, None) as first:
            await line.queue.put(Announcement(Topic.EPISODES))
            await settled(line)
            assert len(await told(all_of_it)) == 1
            assert await told(first) == []

    run(test)


def test_a_slow_page_loses_the_oldest_and_is_told_how_many_and_the_others_nothing() -> None:
    async def test(hub: LiveHub, line: Line) -> None:
        with hub.joined(EVERYTHING, ALL, None) as slow, hub.joined(EVERYTHING, ALL, "M-2") as other:
            await slow.next(1)
            for _ in range(LONGEST_QUEUE + 5):
                await line.queue.put(Announcement(Topic.READINGS, ((1, 1),)))
            await settled(line)
            found = await told(slow)
            assert len(found) == LONGEST_QUEUE
            assert [n.missed for n in found] == [5] + [0] * (LONGEST_QUEUE - 1)
            assert hub.counts.dropped == 5
            assert await told(other) == []

    run(test)


def test_pages_are_told_when_the_database_goes_and_when_it_is_heard_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "FIRST_PAUSE_S", 0.0)

    async def test(hub: LiveHub, line: Line) -> None:
        with hub.joined(EVERYTHING, ALL, None) as page:
            assert await page.next(1) == News(topic=None, listening=True)
            await line.queue.put(StorageError("gone"))
            assert await page.next(1) == News(topic=None, listening=False)
            await line.queue.put(None)
            assert await page.next(1) == News(topic=None, listening=True)
            assert hub.counts.connections == 2

    # The pause is read when the hub starts.
    run(test)


def test_a_meter_that_was_added_meanwhile_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "STRANGERS_ASKED_S", 0.0)
    asked: list[int] = []

    def places() -> Mapping[int, MeterPlace]:
        asked.append(1)
        return PLACES if len(asked) > 1 else {1: PLACES[1]}

    async def test(hub: LiveHub, line: Line) -> None:
        with hub.joined(EVERYTHING, ALL, None) as page:
            await line.queue.put(Announcement(Topic.READINGS, ((1, 1),)))
            await line.queue.put(Announcement(Topic.READINGS, ((2, 2),)))
            await line.queue.put(Announcement(Topic.READINGS, ((1, 1),)))
            await settled(line)
            assert [n.meters for n in await told(page)] == [("M-1",), ("M-2",), ("M-1",)]
            assert len(asked) == 2

    run(test, places)


def test_an_archive_that_does_not_answer_ends_no_stream() -> None:
    def places() -> Mapping[int, MeterPlace]:
        raise StorageError("away")

    async def test(hub: LiveHub, line: Line) -> None:
        with hub.joined(EVERYTHING, ALL, None) as page:
            await line.queue.put(Announcement(Topic.READINGS, ((1, 1),)))
            await line.queue.put(Announcement(Topic.EPISODES))
            await settled(line)
            assert [n.topic for n in await told(page)] == [Topic.EPISODES]

    run(test, places)


def test_closing_ends_every_stream_at_once_also_those_that_come_later() -> None:
    async def test(hub: LiveHub, _line: Line) -> None:
        with hub.joined(EVERYTHING, ALL, None) as page:
            await page.next(1)
            waiting = asyncio.create_task(page.next(60))
            await asyncio.sleep(0)
            hub.close()
            assert await waiting is None
            assert page.closed
        with hub.joined(EVERYTHING, ALL, None) as late:
            assert late.closed
        assert hub.pages == 0

    run(test)
