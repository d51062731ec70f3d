"""Watches alarms (告警值守) in one lasting process: looks when episodes are new, and each minute anyhow."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from typing import Final

from pipeline.errors import StorageError
from services.alarm_settings import AlarmSettings
from services.alarms import AlarmRun, raise_alarms
from services.bounded_stop import stop_by
from services.settings import Settings, load
from storage.announcements import Announcement, Topic, announcements

EVERY_S: Final = 60.0
"""Silence, escalations and repeated attempts announce themselves by no event."""
GATHER_S: Final = 5.0
"""How long what follows a new episode is gathered: detection writes many."""
LISTEN_AGAIN_S: Final = 30.0

_log = logging.getLogger("kilowatch.alarms")


class AlarmWatch:
    """Looks again and again until it is stopped; a look that has begun is finished."""

    def __init__(
        self,
        look: Callable[[Callable[[], bool]], AlarmRun],
        listen: Callable[[], AsyncIterator[Announcement | None]],
        *,
        every_s: float = EVERY_S,
        gather_s: float = GATHER_S,
    ) -> None:
        """Take how it looks and what wakes it.

        Args:
            look: Works out incidents and sends what is due, in a thread; is given what says whether to go on.
            listen: What is announced, for ever.
            every_s: How long it sleeps when nothing is new.
            gather_s: How long it waits after it was woken.
        """
        self._look = look
        self._listen = listen
        self._every_s = every_s
        self._gather_s = gather_s
        self._news = asyncio.Event()
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End after the look that is under way."""
        self._stopping.set()
        self._news.set()

    async def run(self) -> None:
        """Look until stopped. A database that is away is told of in the log, and asked again.

        What else ends hearing ends the watch, and is raised: a deaf one would look well.
        """
        hearing = asyncio.create_task(self._hear())
        hearing.add_done_callback(lambda _: self.stop())
        try:
            while not self._stopping.is_set():
                await self._look_once()
                await self._sleep()
        finally:
            hearing.cancel()
            with suppress(asyncio.CancelledError):
                await hearing

    async def _look_once(self) -> None:
        self._news.clear()
        try:
            run = await asyncio.to_thread(self._look, lambda: not self._stopping.is_set())
        except StorageError as error:
            _log.warning("alarms.away: looking again in %g s: %s", self._every_s, error)
            return
        looked, delivered = run.looked, run.delivered
        if looked.opened or looked.messages or delivered.sent or delivered.failed:
            _log.info(
                "alarms.looked",
                extra={
                    "open": looked.open_incidents,
                    "opened": looked.opened,
                    "messages": looked.messages,
                    "sent": delivered.sent,
                    "failed": delivered.failed,
                },
            )

    async def _sleep(self) -> None:
        if self._stopping.is_set():
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), self._every_s)
            if not self._stopping.is_set():
                await asyncio.sleep(self._gather_s)

    async def _hear(self) -> None:
        while True:
            try:
                async for announcement in self._listen():
                    # None: it listens from now on, and what came before has not been heard.
                    if announcement is None or announcement.topic is Topic.EPISODES:
                        self._news.set()
            except StorageError as error:
                _log.warning("alarms.deaf: new episodes are seen each %g s only: %s", self._every_s, error)
            await asyncio.sleep(LISTEN_AGAIN_S)


def watch_alarms(settings: Settings, *, every_s: float = EVERY_S) -> None:
    """Watch alarms until SIGINT or SIGTERM.

    Raises:
        ConfigError: If no database is named, or a setting of alarms is none.
    """
    url = settings.require_database_url()
    load(AlarmSettings)
    asyncio.run(_until_stopped(url, settings, every_s))


async def _until_stopped(url: str, settings: Settings, every_s: float) -> None:
    def look(go_on: Callable[[], bool]) -> AlarmRun:
        return raise_alarms(settings, go_on=go_on)

    watch = AlarmWatch(look, partial(announcements, url), every_s=every_s)

    def stop() -> None:
        watch.stop()
        stop_by()

    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop)
    _log.info("alarms.watching", extra={"every_s": every_s})
    await watch.run()
    _log.info("stopped")
