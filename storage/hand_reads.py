"""Reads taken by hand, waiting for approval: filed once a file, decided once a batch, never deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pipeline.model import MeterId
from storage.database import Connection, storage_errors
from storage.registry import meter_numbers

DECIDING_LOCK = 0x6B77_6872
"""The first key of the advisory locks of those who decide ("kwhr")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandRead:
    """What somebody read off one meter."""

    place: int
    """Row of the file, from 1."""
    meter: str
    taken_at: datetime
    registers: Mapping[str, float]
    """By quantity, on the meter's own side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandBatch:
    """One file, and who did what with it."""

    batch: str
    file: str
    state: str
    reads: int
    imported_by: Sequence[str]
    """Account, login, host, name; each may be empty but the account."""
    imported_at: datetime
    decided_by: Sequence[str] | None
    decided_at: datetime | None
    note: str


def file_hand_reads(  # noqa: PLR0913 - a batch with all that its record says
    connection: Connection,
    batch: str,
    reads: Sequence[HandRead],
    *,
    file: str,
    imported_by: Sequence[str],
    imported_at: datetime,
) -> int:
    """File the reads of a batch as pending and return how many are new: 0 when it was filed before.

    Raises:
        StorageError: If the database is away or refuses.
    """
    with storage_errors(f"filing {len(reads)} hand reads"), connection.transaction():
        numbers = meter_numbers(connection)
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO hand_read (batch, place, meter_id, taken_at, registers, file, imported_by, "
                "imported_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [
                    (
                        batch,
                        read.place,
                        numbers[MeterId(read.meter)],
                        read.taken_at,
                        Jsonb(dict(read.registers)),
                        file,
                        list(imported_by),
                        imported_at,
                    )
                    for read in reads
                ],
            )
            return max(0, cursor.rowcount)


@contextmanager
def deciding(connection: Connection, batch: str) -> Iterator[None]:
    """Hold off everybody else who would decide the same batch."""
    with storage_errors(f"deciding batch {batch}"):
        connection.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", (DECIDING_LOCK, batch))
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", (DECIDING_LOCK, batch))


def hand_batches(connection: Connection, state: str | None = None) -> list[HandBatch]:
    """Return the batches, newest first; of one state if wanted.

    Rows of one file that were filed or decided apart, because a meter was not in the archive at first, are
    told apart.
    """
    with storage_errors("listing hand reads"), connection.cursor(row_factory=class_row(HandBatch)) as cursor:
        return cursor.execute(
            "SELECT batch, file, state, count(*) AS reads, imported_by, imported_at, decided_by, decided_at, "
            "note FROM hand_read WHERE %(state)s::text IS NULL OR state = %(state)s "
            "GROUP BY batch, file, state, imported_by, imported_at, decided_by, decided_at, note "
            "ORDER BY imported_at DESC, batch",
            {"state": state},
        ).fetchall()


def pending_hand_reads(connection: Connection, batch: str) -> list[HandRead]:
    """Return the reads of a batch that wait, in the file's order."""
    reading = storage_errors(f"reading batch {batch}")
    with reading, connection.cursor(row_factory=class_row(HandRead)) as cursor:
        return cursor.execute(
            "SELECT place, id AS meter, taken_at, registers FROM hand_read JOIN meter USING (meter_id) "
            "WHERE batch = %s AND state = 'pending' ORDER BY place",
            (batch,),
        ).fetchall()


def decide_hand_reads(  # noqa: PLR0913 - a decision with all that its record says
    connection: Connection,
    batch: str,
    state: str,
    *,
    decided_by: Sequence[str],
    decided_at: datetime,
    note: str,
) -> int:
    """Mark the pending reads of a batch; return how many: 0 when somebody had decided before."""
    with storage_errors(f"deciding batch {batch}"):
        return connection.execute(
            "UPDATE hand_read SET state = %s, decided_by = %s, decided_at = %s, note = %s "
            "WHERE batch = %s AND state = 'pending'",
            (state, list(decided_by), decided_at, note, batch),
        ).rowcount
