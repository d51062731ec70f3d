"""The audit (审计) of access: who did what from where, a table to which lines are only added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pipeline.model import Json
from storage.database import Connection, storage_errors

LONGEST = 200
"""Characters of a name or a subject that are kept: what nobody knows may be of any length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessEvent:
    """One line of the audit."""

    number: int
    at: datetime
    event: str
    account: str
    """Who did it: an account, or user@host of the command; empty when nobody came in."""
    token: int | None
    """The number of the account's token that a program came with; None for a person."""
    token_name: str | None
    address: str
    """From where: an address of the network, or the host of the command."""
    subject: str
    """What it is about."""
    before: Mapping[str, Json] | None
    after: Mapping[str, Json] | None


def add_event(  # noqa: PLR0913 - the fields of one line
    connection: Connection,
    event: str,
    at: datetime,
    *,
    account: str,
    address: str,
    token: int | None = None,
    subject: str = "",
    before: Mapping[str, Json] | None = None,
    after: Mapping[str, Json] | None = None,
) -> None:
    """Add one line."""
    with storage_errors(f"recording {event!r} in the audit"):
        connection.execute(
            "INSERT INTO access_event (at, event, account, address, token, subject, before, after) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            (
                at,
                event,
                _bounded(account),
                _bounded(address),
                token,
                _bounded(subject),
                None if before is None else Jsonb(dict(before)),
                None if after is None else Jsonb(dict(after)),
            ),
        )


_LINE: LiteralString = """
    SELECT number, at, event, account, address, subject, before, after, token,
           (SELECT name FROM api_token WHERE token_id = access_event.token) AS token_name
"""
_CHOSEN: LiteralString = """
    FROM access_event
    WHERE (%(event)s::text IS NULL OR event = %(event)s)
      AND (%(account)s::text IS NULL OR account = %(account)s)
"""


def access_events(
    connection: Connection,
    *,
    event: str | None = None,
    account: str | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[AccessEvent]:
    """Return lines, the newest first."""
    query = _LINE + _CHOSEN + "ORDER BY number DESC LIMIT %(limit)s OFFSET %(offset)s"
    chosen = {"event": event, "account": account, "limit": limit, "offset": offset}
    with storage_errors("reading the audit"), connection.cursor(row_factory=class_row(AccessEvent)) as cursor:
        return cursor.execute(query, chosen).fetchall()


def access_event_total(
    connection: Connection, *, event: str | None = None, account: str | None = None
) -> int:
    """Return how many lines there are."""
    with storage_errors("counting the audit"):
        row = connection.execute("SELECT count(*)" + _CHOSEN, {"event": event, "account": account}).fetchone()
    return row[0] if row is not None else 0


def event_kinds(connection: Connection) -> Sequence[str]:
    """Return what kinds of lines there are."""
    with storage_errors("reading the audit"):
        rows = connection.execute("SELECT DISTINCT event FROM access_event ORDER BY event").fetchall()
    return [row[0] for row in rows]


def _bounded(text: str) -> str:
    """Return a text that PostgreSQL takes (no NUL), of bounded length."""
    return text.replace("\x00", "�")[:LONGEST]
