"""Keeps the leases of buses: one owner a bus across hosts, taken over when an owner stops renewing."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from collectors.bus import BusOwner
from pipeline.errors import BusBusyError, StorageError
from services.last_known import LastKnown
from services.read_requests import this_process
from services.settings import load_settings
from storage.database import connect
from storage.leases import BusLease, give_up_leases, take_leases

RENEWALS = 3
"""Renewals in the time of a lease: two may fail."""

_log = logging.getLogger("kilowatch.leases")


class BusLeases:
    """The leases that this process holds. Implements ``collectors.bus_claim.Lease``.

    While the database is away nobody can take a bus over, and an owner goes on reading: the archive must not
    lose what the meters say only now (decision record 0027).
    """

    def __init__(self, database_url: str, lease_s: float, last_known: LastKnown | None = None) -> None:
        """Hold nothing yet; ``last_known`` tells what this host held when the database answered last."""
        self._url = database_url
        self._last_known = last_known
        self._assumed: Collection[str] = ()
        self._unknown: Collection[str] = ()
        """Buses whose owner nobody could tell us yet: we stand by."""
        self._lease_s = lease_s
        # Two containers may share a host name and a process number.
        self.owner = f"{this_process()}:{uuid.uuid4().hex[:8]}"
        self._known: Mapping[str, BusLease] = {}

    def require(self, bus: str) -> None:
        """Do nothing for a bus that is ours.

        Raises:
            BusBusyError: If another process owns it, whose host and number are named.
        """
        if self._holds(bus):
            return
        lease = self._known.get(bus)
        holder = (
            "nobody that is known yet"
            if lease is None
            else f"process {lease.owner} until {lease.expires_at:%H:%M:%S} UTC"
        )
        raise BusBusyError(
            f"bus {bus} belongs to {holder} (lease in the database); "
            "stop it, or file a read request that it serves"
        )

    def is_elsewhere(self, bus: str) -> bool:
        """Tell whether another process held the bus when the leases were looked at last, or may hold it."""
        return bus in self._unknown or (bus in self._known and not self._holds(bus))

    async def begin(self, buses: Sequence[str]) -> None:
        """Take what nobody else holds; while the database is away, assume what this host held last."""
        try:
            await self.take(buses)
        except StorageError as away:
            known = set() if self._last_known is None else self._last_known.buses()
            self._assumed, self._unknown = known & set(buses), set(buses) - known
            _log.warning("reading the %d buses that were this host's last: %s", len(self._assumed), away)

    async def take(self, buses: Sequence[str]) -> None:
        """Take or renew what nobody else holds.

        Raises:
            StorageError: If the database is away; what was ours stays ours.
        """
        if not buses:
            return
        known = await asyncio.to_thread(self._take, buses)
        for bus in buses:
            was, lease = self._known.get(bus), known[bus]
            if was is None or was.owner != lease.owner:
                _log.info("belongs to %s", lease.owner, extra={"bus": bus})
        self._known = {**self._known, **known}
        self._assumed = self._unknown = ()
        if self._last_known is not None:
            held = [bus for bus in buses if self._holds(bus)]
            await asyncio.to_thread(self._last_known.keep_buses, held, known.keys() - set(held))

    async def keep(self, buses: Callable[[], Sequence[str]]) -> None:
        """Renew until cancelled; ``buses`` returns those whose lines this host can use."""
        while True:
            await asyncio.sleep(self._lease_s / RENEWALS)
            try:
                await self.take(buses())
            except StorageError as away:
                _log.warning("leases cannot be renewed, reading goes on: %s", away)

    async def give_up(self) -> None:
        """Let others have our buses at once; a database that is away lets the leases run out."""
        ours = [bus for bus in self._known if self._holds(bus)]
        self._known, self._assumed = {}, ()
        try:
            await asyncio.to_thread(self._give_up, ours)
        except StorageError as away:
            _log.warning("leases run out by themselves: %s", away)

    def _holds(self, bus: str) -> bool:
        lease = self._known.get(bus)
        return bus in self._assumed if lease is None else lease.owner == self.owner

    def _take(self, buses: Sequence[str]) -> dict[str, BusLease]:
        with connect(self._url) as connection:
            return take_leases(connection, buses, owner=self.owner, lasting=timedelta(seconds=self._lease_s))

    def _give_up(self, buses: Sequence[str]) -> None:
        with connect(self._url) as connection:
            give_up_leases(connection, buses, owner=self.owner)


def usable_here(owners: Collection[BusOwner]) -> list[str]:
    """Return the buses whose lock on this host is ours or free, and take it: only they are worth a lease."""
    usable = []
    for owner in owners:
        with suppress(BusBusyError):
            owner.lock_host()
            usable.append(owner.bus.id)
    return usable


@asynccontextmanager
async def leased(buses: Collection[str]) -> AsyncIterator[None]:
    """Own buses across hosts while the block runs: for a command that opens a line by hand.

    A line that is not in the archive, or one without an archive, has no lease: its name is the line itself.

    Raises:
        BusBusyError: If another process owns one; nothing may be opened then.
        StorageError: If a database is set and is away.
    """
    settings = load_settings()
    shared = [bus for bus in buses if "://" not in bus]
    if settings.database_url is None or not shared:
        yield
        return
    leases = BusLeases(settings.require_database_url(), settings.bus_lease_s)
    await leases.take(shared)
    keeping = asyncio.create_task(leases.keep(lambda: shared))
    try:
        for bus in shared:
            leases.require(bus)
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await leases.give_up()
