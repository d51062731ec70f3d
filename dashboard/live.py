"""Hears what the database announces over one connection and tells every open page what concerns it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from pipeline.errors import StorageError
from pipeline.model import Scope
from storage.announcements import Announcement, MeterPlace, Topic

log = logging.getLogger("kilowatch.dashboard")

LONGEST_QUEUE: Final = 64
"""What may wait for one page; of more the oldest is dropped, counted, and the page told so."""
MOST_PAGES: Final = 500
"""Open streams of one process; further pages ask every ten seconds instead."""
PLACES_KEPT_S: Final = 60.0
STRANGERS_ASKED_S: Final = 5.0
"""How often at most the archive is asked because of a meter that was not in it."""
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What one page hears: what is new about which meters; ``missed`` ones before it were dropped."""

    topic: Topic | None
    """None: listening began or ended, see ``listening``."""
    meters: tuple[str, ...] = ()
    listening: bool = True
    missed: int = 0


@dataclass(slots=True, kw_only=True)
class LiveCounts:
    """What the hub has done since the start."""

    announcements: int = 0
    told: int = 0
    dropped: int = 0
    connections: int = 0
    """How often the listening connection was opened."""


@dataclass(slots=True, eq=False)
class Listener:
    """One open page: what it may and wants to hear, and what waits for it."""

    scope: Scope
    topics: frozenset[Topic]
    meter: str | None
    counts: LiveCounts
    _waiting: deque[News] = field(default_factory=deque)
    _missed: int = 0
    _ready: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    def offer(self, news: News) -> None:
        """Put news into the queue, in the place of the oldest if it is full."""
        if len(self._waiting) >= LONGEST_QUEUE:
            self._waiting.popleft()
            self._missed += 1
            self.counts.dropped += 1
        self._waiting.append(news)
        self._ready.set()

    def close(self) -> None:
        """End the stream once what waits is told."""
        self.closed = True
        self._ready.set()

    async def next(self, timeout_s: float) -> News | None:
        """Return the next news; None where none comes in time or the stream ends."""
        if not self._waiting and not self.closed:
            try:
                await asyncio.wait_for(self._ready.wait(), timeout_s)
            except TimeoutError:
                return None
        if not self._waiting:
            return None
        news = self._waiting.popleft()
        if not self._waiting and not self.closed:
            self._ready.clear()
        self.counts.told += 1
        if self._missed:
            news = News(topic=news.topic, meters=news.meters, listening=news.listening, missed=self._missed)
            self._missed = 0
        return news


class LiveHub:
    """Fans announcements out to the open pages, each within its areas."""

    def __init__(
        self,
        announcements: Callable[[], AsyncIterator[Announcement | None]],
        places: Callable[[], Mapping[int, MeterPlace]],
    ) -> None:
        """Take where announcements come from, and who tells where the meters hang (called in a thread)."""
        self._announcements = announcements
        self._ask_places = places
        self._places: Mapping[int, MeterPlace] = {}
        self._places_at: float | None = None
        self._listeners: set[Listener] = set()
        self._closed = False
        self.listening = False
        self.counts = LiveCounts()

    @property
    def pages(self) -> int:
        """How many pages are listening now."""
        return len(self._listeners)

    async def run(self) -> None:
        """Listen until cancelled; a database that is away is tried again, after ever longer pauses."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                async for announcement in self._announcements():
                    if announcement is None:
                        pause_s = FIRST_PAUSE_S
                        self.counts.connections += 1
                        self._begin_or_end(listening=True)
                    else:
                        await self._spread(announcement)
            except StorageError as error:
                log.warning("live updates pause", extra={"reason": str(error), "pause_s": pause_s})
            self._begin_or_end(listening=False)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    @contextmanager
    def joined(self, scope: Scope, topics: frozenset[Topic], meter: str | None) -> Iterator[Listener]:
        """Give a page its place among the listeners for as long as its stream is open."""
        listener = Listener(scope, topics, meter, self.counts)
        if self._closed:
            listener.close()
        listener.offer(News(topic=None, listening=self.listening))
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End every stream, so that the server can stop; the pages come back to whoever serves next."""
        self._closed = True
        for listener in self._listeners:
            listener.close()

    def _begin_or_end(self, *, listening: bool) -> None:
        if listening != self.listening:
            self.listening = listening
            for listener in self._listeners:
                listener.offer(News(topic=None, listening=listening))

    async def _spread(self, announcement: Announcement) -> None:
        self.counts.announcements += 1
        await self._learn(announcement)
        found = [place for place in map(self._places.get, _numbers(announcement, self._places)) if place]
        within: dict[Scope, dict[str, None]] = {}
        for listener in self._listeners:
            if announcement.topic not in listener.topics:
                continue
            if listener.scope not in within:
                within[listener.scope] = {p.meter: None for p in found if _allowed(p, listener.scope)}
            allowed = within[listener.scope]
            if listener.meter is None:
                meters = tuple(allowed)
            else:
                meters = (listener.meter,) if listener.meter in allowed else ()
            # What concerns no meter of the archive is told to whoever sees everything.
            if meters or (
                not announcement.ranges and listener.meter is None and listener.scope.areas is None
            ):
                listener.offer(News(topic=announcement.topic, meters=meters))

    async def _learn(self, announcement: Announcement) -> None:
        """Ask where the meters hang, now and then, and sooner where one is announced that is not known."""
        age_s = None if self._places_at is None else _now_s() - self._places_at
        strange = any(n not in self._places for first, last in announcement.ranges for n in (first, last))
        if age_s is not None and age_s < (STRANGERS_ASKED_S if strange else PLACES_KEPT_S):
            return
        try:
            self._places = await asyncio.to_thread(self._ask_places)
        except StorageError as error:
            log.warning("where the meters hang is not known", extra={"reason": str(error)})
        self._places_at = _now_s()


def _numbers(announcement: Announcement, known: Mapping[int, MeterPlace]) -> Iterator[int]:
    for first, last in announcement.ranges:
        if last - first < len(known):
            yield from range(first, last + 1)
        else:
            yield from (number for number in known if first <= number <= last)


def _allowed(place: MeterPlace, scope: Scope) -> bool:
    return scope.areas is None or not scope.areas.isdisjoint(place.areas)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
