"""Users of the server: each gets the rights that its kind has and no more; a password is never sent."""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import b64decode, b64encode
from pathlib import Path

from psycopg import sql

from storage.database import connect
from storage.database_rights import Rights
from storage.database_users import make_user

PASSWORD = "correct-horse-电表"  # noqa: S105 - of an account that lives as long as the test


def test_the_server_is_sent_what_it_keeps_of_the_password_alone(
    plain_database_url: str, tmp_path: Path
) -> None:
    name = f"kw_reader_role_{os.getpid()}"
    sent = tmp_path / "sent"
    with connect(plain_database_url) as connection, sent.open("wb") as trace:
        try:
            connection.pgconn.trace(trace.fileno())
            make_user(connection, name, PASSWORD, Rights.READ)
            connection.pgconn.untrace()
            kept = connection.execute(
                "SELECT rolpassword FROM pg_authid WHERE rolname = %s", (name,)
            ).fetchone()
        finally:
            for statement in ("DROP OWNED BY {}", "DROP ROLE {}"):
                connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
    told = sent.read_bytes()
    assert b"NOINHERIT PASSWORD" in told
    assert b"correct-horse" not in told
    assert kept is not None
    assert _opens(PASSWORD, kept[0])


def _opens(password: str, kept: str) -> bool:
    """Tell whether a password belongs to a SCRAM secret: RFC 5802, 3, StoredKey; RFC 7677."""
    kind, rounds_salt, keys = kept.split("$")
    rounds, salt = rounds_salt.split(":")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), b64decode(salt), int(rounds))
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    return kind == "SCRAM-SHA-256" and keys.split(":")[0] == b64encode(stored).decode()
