"""A database for a while: made, brought to the newest schema, dropped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

from psycopg import sql

from storage.database import connect, storage_errors
from storage.migrate import migrate


@contextmanager
def scratch_database(server_url: str, purpose: str) -> Iterator[str]:
    """Give the URL of a database of this block's own on the server of ``server_url``.

    Raises:
        StorageError: If the server is away, or its user may not make databases.
    """
    name = f"kilowatch_{purpose}_{os.getpid()}"
    with connect(server_url) as admin, storage_errors(f"making the database {name}"):
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            url = urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
            with connect(url) as connection:
                migrate(connection)
            yield url
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
