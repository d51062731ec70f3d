"""What the scheduler reads, what a read brought, and what it means for the coverage ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.frames import RawFrame
from pipeline.model import MeterId, Snapshot
from pipeline.quantities import Group, Quantity
from pipeline.registry import Schedule
from pipeline.timegrid import slot_start
from protocols.profile import NO_PAUSES, Pauses
from protocols.session import Driver


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One meter on a bus, as the scheduler sees it."""

    meter: MeterId
    address: str
    driver: Driver
    quantities: frozenset[Quantity] = frozenset()
    """What to read of it, whatever the group."""
    schedules: tuple[Schedule, ...] = ()
    """How often each group is read; a group without one is not read by the scheduler."""
    linger: bool = False
    """The protocol's answers do not name their question (Modbus RTU): see :class:`exchange.Timing`."""
    pauses: Pauses = NO_PAUSES
    """The silence that its model needs, beside what its bus keeps."""

    def due(self, slot_at: datetime, periods_s: Collection[int] | None = None) -> tuple[Schedule, ...]:
        """Return the schedules with a slot that begins at ``slot_at``; of ``periods_s`` only, if given."""
        return tuple(
            schedule
            for schedule in self.schedules
            if (periods_s is None or schedule.every_s in periods_s)
            and slot_start(slot_at, schedule.every_s) == slot_at
        )

    def wanted(self, schedules: Sequence[Schedule]) -> frozenset[Quantity]:
        """Return the quantities of the groups of ``schedules``."""
        groups = {Group(schedule.group) for schedule in schedules}
        return frozenset(quantity for quantity in self.quantities if quantity.group in groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRead:
    """What one read of one meter brought."""

    bus: str
    meter: MeterId
    slot_at: datetime | None
    """The scheduled instant; None for a person's read."""
    schedules: tuple[Schedule, ...]
    """The groups that were due."""
    snapshot: Snapshot | None
    """None when the meter gave no value."""
    cause: Cause | None
    """Why something is missing; None when everything asked was answered."""
    attempts: int
    """Questions put on the wire, retries included; 0 when the meter was not asked."""
    refused: frozenset[str] = frozenset()
    """Questions that this meter is not asked any more because it refuses them."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What the meter said that is no quantity: ``clock`` ..."""
    deviations: tuple[str, ...] = ()
    """In what the meter was seen to differ from its standard; tolerated."""
    failure: str = ""
    """What the line or the last bytes said, for a log or a person."""
    frames: tuple[RawFrame, ...] = ()
    """The bytes of its exchanges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterBackfill:
    """What a meter's own memory (补抄) gave for a stretch of time."""

    bus: str
    meter: MeterId
    snapshots: Sequence[Snapshot]
    """By ``(taken_at, origin)``, oldest first."""
    cause: Cause | None
    """None when every question was answered: what is not here the meter does not hold."""
    attempts: int
    refused: frozenset[str] = frozenset()
    failure: str = ""
    frames: Mapping[datetime, Sequence[RawFrame]] = field(default_factory=dict)
    """The bytes of the answers that gave snapshots, by the snapshots' ``received_at``."""


def coverage_entries(read: MeterRead) -> tuple[CoverageEntry, ...]:
    """Return one line of the ledger for each group that was due.

    A group counts as got with any of its values; the snapshot's ``PARTIAL`` flag says that some are missing.
    Whether a missing one is not stored by the meter is decided later, by those who try to backfill it.
    """
    if read.slot_at is None:
        return ()
    return tuple(_entry(read, read.slot_at, schedule) for schedule in read.schedules)


def _entry(read: MeterRead, slot_at: datetime, schedule: Schedule) -> CoverageEntry:
    group = Group(schedule.group)
    snapshot = read.snapshot
    if snapshot is None or not any(quantity.group is group for quantity in snapshot.values):
        return CoverageEntry(
            meter=read.meter,
            group=group,
            slot_at=slot_at,
            status=CoverageStatus.MISSING,
            cause=read.cause or _unexplained(read),
            attempts=read.attempts,
        )
    tolerance_s = schedule.every_s / 2 if schedule.tolerance_s is None else schedule.tolerance_s
    late = snapshot.taken_at - slot_at > timedelta(seconds=tolerance_s)
    return CoverageEntry(
        meter=read.meter,
        group=group,
        slot_at=slot_at,
        status=CoverageStatus.LATE if late else CoverageStatus.GOT,
        attempts=read.attempts,
    )


def _unexplained(read: MeterRead) -> Cause:
    """Every question was answered and yet the group is empty: it was refused before, or never planned."""
    return Cause.REFUSED if read.refused else Cause.WRONG_PARAMETERS
