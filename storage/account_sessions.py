"""Sessions (会话) of people who are logged in; of their cookies only hashes are stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg.rows import class_row, dict_row

from pipeline.accounts import Account
from storage.accounts import ACCOUNT, account_of_row
from storage.database import Connection, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCard:
    """One session as its owner sees it."""

    id: int
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A session that is alive, and whose it is."""

    id: int
    account: Account
    seen_at: datetime


_LIVE: LiteralString = """, s.session_id, s.seen_at
    FROM account_session AS s JOIN account AS a USING (account_id)
    WHERE s.token_hash = %s AND s.expires_at > %s AND s.seen_at >= %s AND a.disabled_at IS NULL
"""


def insert_session(connection: Connection, token_hash: bytes, account: Account, card: SessionCard) -> None:
    """Store a new session; the card's ``id`` is given by the database."""
    with storage_errors("opening a session"):
        connection.execute(
            "INSERT INTO account_session (token_hash, account_id, created_at, seen_at, expires_at, address, "
            "agent) VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (
                token_hash,
                account.id,
                card.created_at,
                card.seen_at,
                card.expires_at,
                card.address,
                card.agent,
            ),
        )


def find_session(
    connection: Connection, token_hash: bytes, *, now: datetime, seen_since: datetime
) -> OpenSession | None:
    """Return a session that has not expired, was used since ``seen_since``, and whose account is not shut."""
    with storage_errors("looking up a session"), connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(ACCOUNT + _LIVE, (token_hash, now, seen_since)).fetchone()
    if row is None:
        return None
    return OpenSession(id=row["session_id"], account=account_of_row(row), seen_at=row["seen_at"])


def touch_session(connection: Connection, session: int, now: datetime) -> None:
    """Note that a session was used."""
    with storage_errors("noting the use of a session"):
        connection.execute(
            "UPDATE account_session SET seen_at = greatest(seen_at, %s) WHERE session_id = %s", (now, session)
        )


def sessions_of(connection: Connection, account: Account, now: datetime) -> list[SessionCard]:
    """Return an account's sessions that have not expired, the last used first."""
    with storage_errors("listing sessions"), connection.cursor(row_factory=class_row(SessionCard)) as cursor:
        return cursor.execute(
            "SELECT session_id AS id, created_at, seen_at, expires_at, address, agent FROM account_session "
            "WHERE account_id = %s AND expires_at > %s ORDER BY seen_at DESC, session_id",
            (account.id, now),
        ).fetchall()


def delete_session(connection: Connection, account: Account, session: int) -> bool:
    """Close one session of an account; tells whether it was there."""
    with storage_errors("closing a session"):
        return bool(
            connection.execute(
                "DELETE FROM account_session WHERE session_id = %s AND account_id = %s", (session, account.id)
            ).rowcount
        )


def delete_sessions(connection: Connection, account: Account, *, but: int | None = None) -> int:
    """Close all sessions of an account but one, and return how many they were."""
    with storage_errors("closing sessions"):
        return connection.execute(
            "DELETE FROM account_session WHERE account_id = %s AND session_id IS DISTINCT FROM %s",
            (account.id, but),
        ).rowcount


def delete_dead_sessions(connection: Connection, now: datetime, seen_since: datetime) -> int:
    """Take out sessions that are over, and return how many they were."""
    with storage_errors("taking out sessions that are over"):
        return connection.execute(
            "DELETE FROM account_session WHERE expires_at <= %s OR seen_at < %s", (now, seen_since)
        ).rowcount
