"""Imports reads taken by hand (抄表机, 手工抄表): one person files them, another makes them readings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from pipeline.block import ReadingBlock
from pipeline.errors import DataError, NotAllowedError
from pipeline.model import MeterId, Origin, Snapshot
from pipeline.quantities import Group, Quantity
from pipeline.timegrid import from_numpy, to_numpy
from pipeline.vee_window import Finding
from services.hand_read_check import RULE, Difference, differences
from services.persons import Person, are_the_same
from storage.database import Connection
from storage.files import read_readings
from storage.hand_reads import (
    HandBatch,
    HandRead,
    decide_hand_reads,
    deciding,
    file_hand_reads,
    hand_batches,
    pending_hand_reads,
)
from storage.registry import load_registry, meter_numbers
from storage.vee_findings import forget_point_findings, save_point_findings
from storage.writer import ReadingWriter

DIGITS = 12
"""Hex digits of a file's digest that name its batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What became of a file."""

    batch: str
    filed: int
    """Reads that now wait for approval; 0 when the same file was filed before."""
    refused: tuple[str, ...]
    """Rows that cannot be reads, with the reason; the others are filed."""
    differences: tuple[str, ...] = ()
    """Reads that differ from what the system read around them: filed, and findings for who approves them."""


def file_reads(
    connection: Connection,
    path: Path,
    person: Person,
    now: datetime,
    primary: frozenset[str] = frozenset(),
) -> Filed:
    """File the reads in a readings file (DESIGN section 7) as pending.

    What differs from the system's own reads is filed too, and told as a finding: whoever approves decides.
    ``primary`` names the profiles that report primary values already.

    Raises:
        DataError: If the file cannot be understood, or has no energy register.
        StorageError: If the database is away or refuses.
    """
    block = read_readings(path)
    names = [q for q in block.scalars if q.group is Group.REGISTER]
    if not names:
        raise DataError(
            f"{path.name}: no column is an energy register; expected one like active_energy_import"
        )
    known = set(meter_numbers(connection))
    reads: list[HandRead] = []
    refused: list[str] = []
    for row in range(len(block)):
        registers = {
            q.value: float(block.scalars[q][row]) for q in names if np.isfinite(block.scalars[q][row])
        }
        why = _objection(block, row, registers, known, now)
        if why:
            refused.append(f"row {row + 1}, meter {block.meters[row]}: {why}")
            continue
        taken_at = from_numpy(block.taken_at[row])
        reads.append(HandRead(place=row + 1, meter=block.meters[row], taken_at=taken_at, registers=registers))
    batch = hashlib.sha256(path.read_bytes()).hexdigest()[:DIGITS]
    filed = file_hand_reads(
        connection, batch, reads, file=path.name, imported_by=_record(person), imported_at=now
    )
    differing = differences(connection, load_registry(connection), reads, primary)
    if filed:
        save_point_findings(connection, [_finding(d) for d in differing], rule=RULE, now=now)
    return Filed(
        batch=batch,
        filed=filed,
        refused=tuple(refused),
        differences=tuple(difference.shown for difference in differing),
    )


def pending_reads(connection: Connection) -> list[HandBatch]:
    """Return the batches that wait for a second person."""
    return hand_batches(connection, "pending")


def approve_reads(connection: Connection, batch: str, person: Person, now: datetime, note: str = "") -> int:
    """Store the reads of a batch as readings of origin ``manual``; return how many.

    Approving twice, or after a crash in between, stores them once.

    Raises:
        NotAllowedError: If ``person`` filed them, or somebody has decided already.
        DataError: If there is no such batch.
    """
    with deciding(connection, batch):
        for waiting in _pending(connection, batch):
            _refuse_the_same(waiting, person)
        # Readings first: a batch that says approved is stored.
        ReadingWriter(connection).write([_snapshot(r, now) for r in pending_hand_reads(connection, batch)])
        return decide_hand_reads(
            connection, batch, "approved", decided_by=_record(person), decided_at=now, note=note
        )


def refuse_reads(connection: Connection, batch: str, person: Person, now: datetime, note: str = "") -> int:
    """Mark a batch as refused; it stays in the record and becomes no readings.

    Whoever filed it may refuse it too: that takes back a mistake.

    Raises:
        NotAllowedError: If somebody has decided already.
        DataError: If there is no such batch.
    """
    with deciding(connection, batch):
        _pending(connection, batch)
        places = [(MeterId(r.meter), r.taken_at) for r in pending_hand_reads(connection, batch)]
        forget_point_findings(connection, places, rule=RULE, now=now)
        return decide_hand_reads(
            connection, batch, "refused", decided_by=_record(person), decided_at=now, note=note
        )


def _finding(difference: Difference) -> Finding:
    return Finding(
        rule=RULE,
        meter=difference.meter,
        starts_at=to_numpy(difference.taken_at),
        slots=0,
        expected=difference.expected,
        came=difference.came,
        energy=difference.quantity.value,
    )


def _objection(
    block: ReadingBlock, row: int, registers: dict[str, float], known: set[MeterId], now: datetime
) -> str:
    if MeterId(block.meters[row]) not in known:
        return "not in the archive; import it with 'kilowatch registry import'"
    if not registers:
        return "no register was written down"
    if min(registers.values()) < 0:
        return f"a register is never below zero, came {min(registers.values()):g}"
    taken_at = from_numpy(block.taken_at[row])
    if taken_at > now:
        return f"read in the future: {taken_at.isoformat()}"
    return ""


def _pending(connection: Connection, batch: str) -> list[HandBatch]:
    found = [b for b in hand_batches(connection) if b.batch == batch]
    if not found:
        raise DataError(f"there is no batch {batch!r}; 'kilowatch handheld pending' lists those that wait")
    waiting = [b for b in found if b.state == "pending"]
    if not waiting:
        by = _person(found[0].decided_by or ("",)).shown
        raise NotAllowedError(f"batch {batch} was {found[0].state} by {by} at {found[0].decided_at}")
    return waiting


def _refuse_the_same(waiting: HandBatch, person: Person) -> None:
    first = _person(waiting.imported_by)
    if are_the_same(first, person):
        raise NotAllowedError(
            f"batch {waiting.batch} was filed by {first.shown}: it takes another person to approve it. "
            "Next step: let a colleague run 'kilowatch handheld approve' from their own account"
        )


def _record(person: Person) -> list[str]:
    return [person.account, person.login, person.host, person.name]


def _person(record: Sequence[str]) -> Person:
    account, login, host, name = [*record, "", "", ""][:4]
    return Person(account=account, login=login, host=host, name=name)


def _snapshot(read: HandRead, now: datetime) -> Snapshot:
    return Snapshot(
        meter=MeterId(read.meter),
        taken_at=read.taken_at,
        received_at=now,
        origin=Origin.MANUAL,
        values={Quantity(name): value for name, value in read.registers.items()},
    )
