"""Messages about incidents at rest: planned once, claimed by one sender at a time, every attempt kept."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from pipeline.alarms.model import Occasion, Planned, Told
from pipeline.model import Json, Severity
from storage.database import Connection, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message that is to be sent. Its id is the same at every attempt."""

    id: str
    channel: str
    route: str
    language: str
    content: Mapping[str, Json]
    attempts: int
    """This one included."""
    planned_at: datetime


def told_of(connection: Connection, incidents: Sequence[str]) -> list[Told]:
    """Return what was told, or is about to be, of some incidents."""
    with storage_errors("reading what was told"):
        rows = connection.execute(
            "SELECT incident, channel, occasion, reopened, severity FROM notification_about "
            "WHERE incident = ANY(%s)",
            (list(incidents),),
        ).fetchall()
    return [
        Told(
            incident=incident,
            channel=channel,
            occasion=Occasion(occasion),
            reopened=reopened,
            severity=Severity(severity),
        )
        for incident, channel, occasion, reopened, severity in rows
    ]


def file_messages(
    connection: Connection, planned: Sequence[tuple[Planned, Mapping[str, Json]]], now: datetime
) -> int:
    """Keep planned messages with what they say, and return how many; one that was told is refused.

    Raises:
        StorageError: If the database is away, or another process told the same: nothing is kept then.
    """
    with storage_errors(f"filing {len(planned)} messages"), connection.transaction():
        for message, content in planned:
            number = f"msg_{uuid.uuid4().hex}"
            connection.execute(
                "INSERT INTO notification (id, channel, route, language, content, state, planned_at, "
                "next_attempt_at) VALUES (%s, %s, %s, %s, %s, 'waiting', %s, %s)",
                (number, message.channel, message.route, message.language, Jsonb(dict(content)), now, now),
            )
            with connection.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO notification_about (incident, channel, reopened, occasion, severity, "
                    "notification) VALUES (%s, %s, %s, %s, %s, %s)",
                    [
                        (t.incident, t.channel, t.reopened, t.occasion, int(t.severity), number)
                        for t in message.about
                    ],
                )
    return len(planned)


def attempts_since(connection: Connection, since: datetime) -> dict[str, int]:
    """Return how many attempts have begun since then, by channel."""
    with storage_errors("counting attempts"):
        rows = connection.execute(
            "SELECT n.channel, count(*) FROM notification_attempt AS a "
            "JOIN notification AS n ON n.id = a.notification WHERE a.started_at > %s GROUP BY 1",
            (since,),
        ).fetchall()
    return {str(channel): number for channel, number in rows}


def claim_messages(
    connection: Connection, *, now: datetime, lasting: timedelta, most: int, room: Mapping[str, int]
) -> list[Message]:
    """Take messages that are due and that no other sender has; each begins an attempt.

    Whoever is killed keeps them until ``lasting`` has passed: then they are sent again under their ids.

    Args:
        connection: The database.
        now: By the clock.
        lasting: How long they are this sender's.
        most: How many are taken at once.
        room: How many each of some channels takes now; the others take any number.
    """
    with (
        storage_errors("claiming messages"),
        connection.transaction(),
        connection.cursor(row_factory=class_row(Message)) as cursor,
    ):
        taken = cursor.execute(
            "WITH due AS (SELECT id, next_attempt_at, row_number() OVER (PARTITION BY channel "
            "ORDER BY next_attempt_at, id) <= coalesce((%(room)s::jsonb ->> channel)::bigint, %(most)s) "
            "AS fits FROM notification WHERE state = 'waiting' AND next_attempt_at <= %(now)s "
            "AND (claimed_until IS NULL OR claimed_until <= %(now)s)) "
            "UPDATE notification SET claimed_until = %(until)s, attempts = attempts + 1 WHERE id IN ("
            "SELECT n.id FROM notification AS n JOIN due ON due.id = n.id WHERE due.fits "
            # Asked again of the locked row: another sender may have had it in between.
            "AND n.state = 'waiting' AND n.next_attempt_at <= %(now)s "
            "AND (n.claimed_until IS NULL OR n.claimed_until <= %(now)s) "
            "ORDER BY n.next_attempt_at, n.id LIMIT %(most)s FOR UPDATE OF n SKIP LOCKED) "
            "RETURNING id, channel, route, language, content, attempts, planned_at",
            {"now": now, "until": now + lasting, "most": most, "room": Jsonb(dict(room))},
        ).fetchall()
        cursor.executemany(
            "INSERT INTO notification_attempt (notification, number, started_at) VALUES (%s, %s, %s)",
            [(message.id, message.attempts, now) for message in taken],
        )
    return sorted(taken, key=lambda message: (message.planned_at, message.id))


def record_attempt(  # noqa: PLR0913 - what one attempt brought
    connection: Connection,
    message: Message,
    *,
    succeeded: bool,
    answer: str,
    at: datetime,
    next_attempt_at: datetime | None,
) -> None:
    """Keep what an attempt brought: sent, to be tried again, or given up (no next attempt).

    A message that another sender has confirmed meanwhile stays sent.
    """
    state = "sent" if succeeded else "given up" if next_attempt_at is None else "waiting"
    with storage_errors(f"recording an attempt to send {message.id}"), connection.transaction():
        connection.execute(
            "UPDATE notification_attempt SET ended_at = %s, succeeded = %s, answer = %s "
            "WHERE notification = %s AND number = %s",
            (at, succeeded, answer, message.id, message.attempts),
        )
        connection.execute(
            "UPDATE notification SET state = %(state)s, claimed_until = NULL, "
            "sent_at = CASE WHEN %(succeeded)s THEN %(at)s ELSE sent_at END, "
            "next_attempt_at = coalesce(%(next)s, next_attempt_at) "
            "WHERE id = %(id)s AND state = 'waiting' AND (%(succeeded)s OR attempts = %(attempts)s)",
            {
                "state": state,
                "succeeded": succeeded,
                "at": at,
                "next": next_attempt_at,
                "id": message.id,
                "attempts": message.attempts,
            },
        )
