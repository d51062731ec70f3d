"""A fleet served on real sockets from a loop in a thread of its own, for as long as a test needs it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from services.wiring import utc_now
from simulators.fleet.build import Fleet
from simulators.fleet.faulty_slaves import faulty_slave_maker
from simulators.fleet.serving import ServedFleet, serve_fleet
from simulators.fleet.wire import slave_maker

START_S = 60.0
_ONE_LINE = """
[fleet]
history_days = {history_days}
zone = "{zone}"
[[area]]
id = "TQ"
[[bus]]
id = "line"
protocol = "dlt645"
"""


def one_line(history_days: int, zone: str = "Asia/Shanghai") -> str:
    """Return the head of a fleet's file: one DL/T 645 line ``line`` in the area ``TQ``; meters may follow."""
    return _ONE_LINE.format(history_days=history_days, zone=zone)


@contextmanager
def served(fleet: Fleet, clock: Callable[[], datetime] = utc_now) -> Iterator[ServedFleet]:
    """Serve every line of a fleet; its meters go by ``clock``."""
    ready, over = threading.Event(), threading.Event()
    running: list[ServedFleet] = []

    async def serve() -> None:
        make_slave = faulty_slave_maker(partial(slave_maker, fleet), clock)
        running.append(await serve_fleet(fleet, host="127.0.0.1", make_slave=make_slave))
        ready.set()
        await asyncio.to_thread(over.wait)
        await running[0].close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(START_S)
    try:
        yield running[0]
    finally:
        over.set()
        thread.join(START_S)
