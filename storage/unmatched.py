"""Messages that fit nothing we know: kept bounded, counted in full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.ports import Unmatched
from storage.database import Connection, storage_errors

PAYLOAD_KEPT_BYTES = 2048
"""How much of the last payload of each key is kept."""
KEYS_KEPT = 1000
"""How many keys of one source and reason have a row of their own."""
OTHER_KEYS = "(others)"
"""The row that counts the messages of all further keys."""
TEXT_KEPT = 200
"""How many characters of a source, reason or key are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmatchedCount:
    """All messages of one source, reason and key."""

    source: str
    reason: str
    key: str
    messages: int
    first_seen_at: datetime
    last_seen_at: datetime
    last_payload: bytes


class UnmatchedStore:
    """Implements ``pipeline.ports.UnmatchedSink``."""

    def __init__(self, connection: Connection) -> None:
        """Write over ``connection``."""
        self._connection = connection

    def keep(self, messages: Sequence[Unmatched]) -> None:
        """Store or count messages.

        Raises:
            StorageError: If the database is away or refuses.
        """
        with storage_errors(f"keeping {len(messages)} unmatched messages"), self._connection.transaction():
            keep_unmatched(self._connection, messages)


def keep_unmatched(connection: Connection, messages: Iterable[Unmatched]) -> None:
    """Store or count messages within the caller's transaction."""
    merged: dict[tuple[str, str, str], list[Unmatched]] = {}
    for message in messages:
        row = printable(message.source), printable(message.reason), printable(message.key)
        merged.setdefault(row, []).append(message)
    # In one order, so that two writers never wait for each other.
    for (source, reason, key), same in sorted(merged.items()):
        newest = max(same, key=lambda message: message.received_at)
        connection.execute(
            "INSERT INTO unmatched_message AS u "
            "(source, reason, key, messages, first_seen_at, last_seen_at, last_payload) "
            "SELECT %(source)s, %(reason)s, "
            "CASE WHEN room.left OR known.here THEN %(key)s ELSE %(others)s END, "
            "%(messages)s, %(first)s, %(last)s, %(payload)s "
            "FROM (SELECT count(*) < %(keys)s AS left FROM unmatched_message "
            "      WHERE source = %(source)s AND reason = %(reason)s) AS room, "
            "     (SELECT EXISTS (SELECT 1 FROM unmatched_message WHERE source = %(source)s "
            "      AND reason = %(reason)s AND key = %(key)s) AS here) AS known "
            "ON CONFLICT (source, reason, key) DO UPDATE SET "
            "messages = u.messages + excluded.messages, "
            "first_seen_at = least(u.first_seen_at, excluded.first_seen_at), "
            "last_seen_at = greatest(u.last_seen_at, excluded.last_seen_at), "
            "last_payload = CASE WHEN excluded.last_seen_at >= u.last_seen_at "
            "THEN excluded.last_payload ELSE u.last_payload END",
            {
                "source": source,
                "reason": reason,
                "key": key,
                "others": OTHER_KEYS,
                "messages": len(same),
                "first": min(message.received_at for message in same),
                "last": newest.received_at,
                "payload": newest.payload[:PAYLOAD_KEPT_BYTES],
                "keys": KEYS_KEPT,
            },
        )


def list_unmatched(connection: Connection, *, limit: int = 1000) -> list[UnmatchedCount]:
    """Return the keys with their counts, the most recent first."""
    with storage_errors("listing unmatched messages"):
        rows = connection.execute(
            "SELECT source, reason, key, messages, first_seen_at, last_seen_at, last_payload "
            "FROM unmatched_message ORDER BY last_seen_at DESC, source, reason, key LIMIT %s",
            (limit,),
        ).fetchall()
    names = UnmatchedCount.__slots__
    return [UnmatchedCount(**dict(zip(names, row, strict=True))) for row in rows]


def forget_unmatched(connection: Connection, *, source: str, reason: str, key: str) -> bool:
    """Remove one key, once somebody has dealt with it; tells whether it was there."""
    with storage_errors("removing an unmatched message"):
        removed = connection.execute(
            "DELETE FROM unmatched_message WHERE source = %s AND reason = %s AND key = %s",
            (source, reason, key),
        )
    return removed.rowcount > 0


def printable(text: str) -> str:
    """Return ``text`` as the database can hold it: no NUL, no half characters, bounded."""
    return text[:TEXT_KEPT].replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
