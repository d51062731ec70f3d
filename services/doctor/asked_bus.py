"""Asks one meter of each bus whether it answers, and leaves a bus alone that somebody else reads."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from collectors.scheduler import BusPlan
from collectors.targets import MeterRead, Target
from pipeline.errors import BusBusyError
from pipeline.quantities import Quantity
from services.bus_leases import leased
from services.remote_reading import owned
from services.wiring import utc_now

METERS_MOST: Final = 3
"""Asked one after the other while none answers: a single meter may be dead on a sound bus."""
AT_ONCE: Final = 16
"""Buses asked side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedBus:
    """What came of asking on one bus."""

    plan: BusPlan
    busy: str = ""
    """Who reads it; then nothing was asked."""
    reads: Sequence[MeterRead] = ()
    """In the order in which they were asked; the last one answered, if any did."""
    strangers: Sequence[str] = ()
    """Addresses that spoke and are not the archive's."""
    unknown_host: str = ""
    """The name that nobody could resolve."""

    @property
    def answer(self) -> MeterRead | None:
        """The read that brought something; None if none did."""
        return next((read for read in self.reads if read.snapshot is not None), None)


async def ask_buses(plans: Sequence[BusPlan]) -> list[AskedBus]:
    """Ask on every bus, some of them at once.

    Raises:
        StorageError: If the database, which says whose each bus is, is away.
    """
    turns = asyncio.Semaphore(AT_ONCE)

    async def ask(plan: BusPlan) -> AskedBus:
        async with turns:
            return await ask_bus(plan)

    return await asyncio.gather(*map(ask, plans))


async def ask_bus(plan: BusPlan) -> AskedBus:
    """Ask the meters of one bus until one answers; a bus that is owned, or is dialled into, is left alone.

    Raises:
        StorageError: If the database is away.
    """
    if plan.owner.bus.url.startswith("listen:"):
        return AskedBus(plan=plan, busy="its terminal dials in to the collector")
    try:
        async with leased([plan.owner.bus.id]), owned(plan.owner):
            return await _asked(plan)
    except BusBusyError as busy:
        return AskedBus(plan=plan, busy=str(busy).partition(";")[0])


async def _asked(plan: BusPlan) -> AskedBus:
    reads: list[MeterRead] = []
    for target in plan.targets[:METERS_MOST]:
        reads.append(await plan.owner.read_meter(target, question_of(target), None))
        if reads[-1].snapshot is not None:
            break
    return AskedBus(
        plan=plan,
        reads=reads,
        strangers=sorted({stranger.key for stranger in plan.owner.strangers.take(utc_now())}),
        unknown_host=await _unknown_host(plan.owner.bus.url),
    )


def question_of(target: Target) -> Sequence[Quantity]:
    """Return the one quantity to ask for: the energy that every meter has, else the first of its profile."""
    order = sorted(target.quantities, key=lambda q: (q is not Quantity.ACTIVE_ENERGY_IMPORT, q))
    return [quantity for quantity in order if target.driver.plan([quantity])][:1]


async def _unknown_host(url: str) -> str:
    """Return the host of a line if its name cannot be resolved."""
    host = urlsplit(url).hostname if url.startswith(("tcp:", "tls:")) else None
    if host is None:
        return ""
    with suppress(OSError):
        await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return ""
    return host
