"""What is done on an owned bus outside its schedule: a slot or some meters read now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from collectors.bus import BusOwner
from collectors.targets import MeterRead, Target, coverage_entries
from pipeline.frames import RawMessage
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from protocols.profile import Profile
from services.store import Entry, Store

Put = Callable[[Entry], Awaitable[None]]
"""Hands what was read to the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """What reading needs beside the bus: where readings go, and what each meter model keeps."""

    database_url: str
    profiles: Mapping[MeterId, Profile]
    store: Store


@dataclass(frozen=True, slots=True, kw_only=True)
class BusReading:
    """What one bus brought."""

    bus: str
    read: int = 0
    """Meters that gave present values."""
    missing: int = 0
    """Meters that gave none."""
    records: int = 0
    """Stored instants fetched from the meters' memories."""
    failures: int = 0
    """Backfill days that could not be fetched to the end."""
    served_by: str = "flow"
    """``collector`` when a long-running owner did it for us."""

    def __add__(self, other: BusReading) -> BusReading:
        """Add up two readings of one bus."""
        return BusReading(
            bus=self.bus,
            read=self.read + other.read,
            missing=self.missing + other.missing,
            records=self.records + other.records,
            failures=self.failures + other.failures,
            served_by=self.served_by,
        )


def keep_reads(put: Put) -> Callable[[MeterRead], Awaitable[None]]:
    """Return what a scheduler calls with each read: it stores snapshot, ledger lines and bytes."""

    async def keep(read: MeterRead) -> None:
        snapshots = () if read.snapshot is None else (read.snapshot,)
        await put(Entry(snapshots=snapshots, coverage=coverage_entries(read), raw=_raw(read)))

    return keep


def _raw(read: MeterRead) -> tuple[RawMessage, ...]:
    """Return the bytes of a read, under the time by which its reading is found again."""
    if not read.frames:
        return ()
    last = read.frames[-1]
    sent_at = last.answered_at or last.sent_at
    received_at = sent_at if read.snapshot is None else read.snapshot.received_at
    if received_at is None:
        return ()
    message = RawMessage(
        received_at=received_at,
        slot_at=read.slot_at,
        source=read.bus,
        meters=(read.meter,),
        frames=read.frames,
    )
    return (message,)


async def read_slots(
    owner: BusOwner, targets: Sequence[Target], slots: Mapping[int, datetime], put: Put
) -> BusReading:
    """Read the given slot of each period (seconds) on one bus."""
    reads: list[MeterRead] = []
    for period_s, slot_at in slots.items():
        reads += await owner.read_slot(targets, slot_at, keep_reads(put), periods_s=(period_s,))
    return reading_of(owner.bus.id, reads)


async def read_now(
    owner: BusOwner, targets: Collection[Target], put: Put, wanted: Collection[Quantity] = ()
) -> list[MeterRead]:
    """Read these meters at once, outside any schedule: what is wanted, or everything they give."""
    reads = [await owner.read_meter(target, wanted or target.quantities, None) for target in targets]
    for read in reads:
        await keep_reads(put)(read)
    return reads


def reading_of(bus: str, reads: Collection[MeterRead]) -> BusReading:
    """Count which meters gave values."""
    got = sum(read.snapshot is not None for read in reads)
    return BusReading(bus=bus, read=got, missing=len(reads) - got)
