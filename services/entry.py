"""What is stored together, and how: checked, in one transaction, never held up by a refused row."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, TypeAlias

import orjson

from pipeline.checks import check
from pipeline.coverage import CoverageEntry
from pipeline.errors import ContentRefusedError, StorageError
from pipeline.frames import RawMessage
from pipeline.model import Snapshot
from pipeline.ports import Unmatched, WriteReport
from pipeline.registry import Registry
from storage.coverage import CoverageLedger
from storage.database import Connection, storage_errors
from storage.raw_frames import keep_raw_frames
from storage.unmatched import keep_unmatched
from storage.writer import ReadingWriter, set_aside

REFUSED: Final = "refused by the database"
"""The reason under which rows are kept whose content the database does not take."""
COVERAGE: Final = "coverage"
"""The source of lines of the ledger that were refused."""

OnStored: TypeAlias = Callable[[Sequence[Snapshot]], None]
"""Is told what was committed, in the thread that did it; must not raise and not wait."""

_log = logging.getLogger("kilowatch.store")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What belongs together: readings, the lines of the ledger that they answer, and what fits nothing."""

    snapshots: Sequence[Snapshot] = ()
    coverage: Sequence[CoverageEntry] = ()
    unmatched: Sequence[Unmatched] = ()
    raw: Sequence[RawMessage] = ()
    """The bytes that the readings were made of; a spool takes them while it has much room."""

    def __len__(self) -> int:
        """Return how many rows it is that must not be lost."""
        return len(self.snapshots) + len(self.coverage) + len(self.unmatched)


def merged(entries: Sequence[Entry]) -> Entry:
    """Return several entries as one, in their order."""
    return Entry(
        snapshots=[s for entry in entries for s in entry.snapshots],
        coverage=[line for entry in entries for line in entry.coverage],
        unmatched=[message for entry in entries for message in entry.unmatched],
        raw=tuple(message for entry in entries for message in entry.raw),
    )


def checked(entry: Entry, registry: Registry, now: datetime) -> Entry:
    """Return an entry whose readings bear the flags that they earn at ``now``, when they came."""
    meters = registry.meter_by_id
    found = [(s, meters.get(s.meter)) for s in entry.snapshots]
    return replace(entry, snapshots=[s if meter is None else check(s, meter, now) for s, meter in found])


def commit(
    connection: Connection,
    registry: Registry,
    entries: Sequence[Entry],
    writer: ReadingWriter | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> WriteReport:
    """Check and write entries in one transaction, as :func:`write_entry`.

    Raises:
        StorageError: If the database refuses or is away; nothing of the batch is stored then.
    """
    return write_entry(connection, checked(merged(entries), registry, now()), writer)


def write_entry(connection: Connection, entry: Entry, writer: ReadingWriter | None = None) -> WriteReport:
    """Write an entry in one transaction; a row whose content is refused is kept aside, the others are stored.

    ``writer`` is the connection's own, if one is kept: it remembers the archive's meters.

    Raises:
        StorageError: If the database is away or cannot take anything; nothing of the entry is stored then.
    """
    kept = writer or ReadingWriter(connection)
    with storage_errors(f"storing {len(entry.snapshots)} readings"), connection.transaction():
        report = _write_or_halve(connection, entry, kept)
        _keep_raw(connection, entry.raw)
        return report


def _keep_raw(connection: Connection, messages: Sequence[RawMessage]) -> None:
    """Keep bytes beside the readings; what goes wrong with them, whatever it is, costs no reading."""
    try:
        with connection.transaction():
            keep_raw_frames(connection, messages)
    except StorageError as refused:
        _log.warning("store.raw: %d raw messages are not kept: %s", len(messages), refused)


def _write_or_halve(connection: Connection, entry: Entry, writer: ReadingWriter) -> WriteReport:
    try:
        with storage_errors("storing"), connection.transaction():
            report = writer.write(entry.snapshots)
            CoverageLedger(connection).record(entry.coverage)
            keep_unmatched(connection, entry.unmatched)
    except ContentRefusedError as refused:
        if len(entry) > 1:
            first, second = _halves(entry)
            return _write_or_halve(connection, first, writer) + _write_or_halve(connection, second, writer)
        _keep_aside(connection, entry, refused)
        return WriteReport(refused=1)
    return report


def _halves(entry: Entry) -> tuple[Entry, Entry]:
    """Split an entry of several rows: readings, ledger and messages apart first, then each in the middle."""
    if entry.snapshots and len(entry.snapshots) < len(entry):
        return Entry(snapshots=entry.snapshots), replace(entry, snapshots=())
    if entry.coverage and len(entry.coverage) < len(entry):
        return Entry(coverage=entry.coverage), replace(entry, coverage=())
    middle = len(entry) // 2
    first = Entry(
        snapshots=entry.snapshots[:middle],
        coverage=entry.coverage[:middle],
        unmatched=entry.unmatched[:middle],
    )
    second = Entry(
        snapshots=entry.snapshots[middle:],
        coverage=entry.coverage[middle:],
        unmatched=entry.unmatched[middle:],
    )
    return first, second


def _keep_aside(connection: Connection, entry: Entry, refused: ContentRefusedError) -> None:
    """Keep the one row of an entry in the side table, and say so."""
    _log.error("store.refused: one row is kept aside as unmatched: %s", refused)
    keep_unmatched(connection, [set_aside(snapshot, REFUSED) for snapshot in entry.snapshots])
    keep_unmatched(connection, [_line_aside(line) for line in entry.coverage])


def _line_aside(line: CoverageEntry) -> Unmatched:
    content = {"group": line.group, "slot_at": line.slot_at, "status": line.status}
    return Unmatched(
        received_at=line.slot_at,
        source=COVERAGE,
        reason=REFUSED,
        key=line.meter,
        payload=orjson.dumps(content),
    )
