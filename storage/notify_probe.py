"""Whether notifications (LISTEN/NOTIFY) come through: a connection pool in between may swallow them."""

from __future__ import annotations

import uuid
from contextlib import closing
from typing import Final

from psycopg import sql

from storage.database import Connection, storage_errors

CHANNEL: Final = "kilowatch_probe"
WAIT_S: Final = 2.0


def notifications_arrive(connection: Connection, wait_s: float = WAIT_S) -> bool:
    """Send one notification over ``connection`` to itself and tell whether it came within ``wait_s``.

    Raises:
        StorageError: If the database is away or refuses.
    """
    token = uuid.uuid4().hex
    channel = sql.Identifier(CHANNEL)
    with storage_errors("looking whether notifications arrive"):
        connection.execute(sql.SQL("LISTEN {}").format(channel))
        try:
            connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, token))
            # Closed, not left: an open one keeps the connection locked.
            with closing(connection.notifies(timeout=wait_s)) as heard:
                return any(note.payload == token for note in heard)
        finally:
            connection.execute(sql.SQL("UNLISTEN {}").format(channel))
