"""How often in a row somebody failed to log in: kept in the archive, so that all processes share it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from storage.database import Connection, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """The failures of one subject: an account or an address."""

    failures: int
    last_at: datetime
    blocked_until: datetime


def lock_failures(connection: Connection, subject: str) -> Failures | None:
    """Return a subject's failures and let nobody else count it before this transaction ends."""
    with storage_errors("counting logins"), connection.cursor(row_factory=class_row(Failures)) as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"login {subject}",))
        return cursor.execute(
            "SELECT failures, last_at, blocked_until FROM login_failure WHERE subject = %s", (subject,)
        ).fetchone()


def save_failures(connection: Connection, subject: str, failures: Failures) -> None:
    """Store a subject's failures."""
    with storage_errors("counting logins"):
        connection.execute(
            "INSERT INTO login_failure (subject, failures, last_at, blocked_until) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, last_at = excluded.last_at, "
            "blocked_until = excluded.blocked_until",
            (subject, failures.failures, failures.last_at, failures.blocked_until),
        )


def forget_failures(connection: Connection, subject: str) -> None:
    """Take out a subject's failures."""
    with storage_errors("forgetting failed logins"):
        connection.execute("DELETE FROM login_failure WHERE subject = %s", (subject,))


def sweep_failures(connection: Connection, before: datetime) -> int:
    """Take out what is long ago, and return how many subjects that were."""
    with storage_errors("forgetting failed logins"):
        return connection.execute("DELETE FROM login_failure WHERE last_at < %s", (before,)).rowcount
