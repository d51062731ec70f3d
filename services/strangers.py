"""Files who speaks on our buses and ports without being in the archive, for the worklist."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from collectors.dialin import DialInLine, unknown_terminals
from collectors.exchange import Clock
from collectors.scheduler import BusPlan
from collectors.transports import line_for
from services.entry import Entry

TAKE_EVERY_S: Final = 10.0


async def file_strangers(
    plans: Sequence[BusPlan],
    put: Callable[[Entry], Awaitable[None]],
    now: Clock,
    every_s: float = TAKE_EVERY_S,
) -> None:
    """Hand over what was heard of unknown meters and terminals; never ends.

    A terminal that dials in before its bus is read for the first time is cut, and no stranger.
    """
    lines = [line_for(plan.owner.bus.url) for plan in plans]
    terminals = tuple(line.name for line in lines if isinstance(line, DialInLine))
    while True:
        await asyncio.sleep(every_s)
        heard = [message for plan in plans for message in plan.owner.strangers.take(now())]
        dialled = unknown_terminals(now())
        heard += [said for said in dialled if not f"{said.source}/{said.key}".startswith(terminals)]
        if heard:
            await put(Entry(unmatched=heard))
