"""Accounts (账号) and their password hashes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, LiteralString

from psycopg.rows import dict_row

from pipeline.accounts import Account, Role
from pipeline.errors import StorageError
from storage.database import Connection, storage_errors

FIRST_LOCK = 0x6B776163
"""The advisory lock of whoever makes the first account ("kwac")."""
ACCOUNT: LiteralString = (
    "SELECT a.account_id AS id, a.name, a.full_name, a.role, a.areas, a.created_at, "
    "a.password_set_at, a.disabled_at"
)
"""What :func:`account_of_row` takes, of a table called ``a``."""
_HASH: LiteralString = ", a.password_hash"
_ALL: LiteralString = " FROM account AS a "


def account_of_row(row: Mapping[str, Any]) -> Account:  # Any: cells of a row
    """Return the account that a row with :data:`ACCOUNT` tells of."""
    return Account(
        id=row["id"],
        name=row["name"],
        full_name=row["full_name"],
        role=Role(row["role"]),
        areas=None if row["areas"] is None else frozenset(row["areas"]),
        created_at=row["created_at"],
        password_set_at=row["password_set_at"],
        disabled_at=row["disabled_at"],
    )


def list_accounts(connection: Connection) -> list[Account]:
    """Return every account by name."""
    with storage_errors("listing accounts"), connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(ACCOUNT + _ALL + "ORDER BY a.name").fetchall()
    return [account_of_row(row) for row in rows]


def find_account(connection: Connection, name: str) -> tuple[Account, str] | None:
    """Return an account and its password hash."""
    with storage_errors("looking up an account"), connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(ACCOUNT + _HASH + _ALL + "WHERE a.name = %s", (name,)).fetchone()
    return None if row is None else (account_of_row(row), str(row["password_hash"]))


def has_accounts(connection: Connection) -> bool:
    """Tell whether there is any account yet."""
    with storage_errors("looking for accounts"):
        return connection.execute("SELECT 1 FROM account LIMIT 1").fetchone() is not None


def lock_first_account(connection: Connection) -> None:
    """Let nobody else make the first account before this transaction ends."""
    with storage_errors("waiting for another process that makes the first account"):
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (FIRST_LOCK,))


def lock_accounts(connection: Connection) -> None:
    """Let nobody else change accounts before this transaction ends; they may still be read."""
    with storage_errors("waiting for another change of accounts"):
        connection.execute("LOCK TABLE account IN SHARE ROW EXCLUSIVE MODE")


def insert_account(  # noqa: PLR0913 - the fields of one account
    connection: Connection,
    *,
    name: str,
    full_name: str,
    role: Role,
    areas: frozenset[str] | None,
    password_hash: str,
    now: datetime,
) -> Account:
    """Store a new account.

    Raises:
        ContentRefusedError: If there is one of that name.
    """
    with storage_errors(f"adding account {name}"):
        connection.execute(
            "INSERT INTO account (name, full_name, role, areas, password_hash, password_set_at, created_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (name, full_name, role.value, _cell(areas), password_hash, now, now),
        )
    found = find_account(connection, name)
    if found is None:
        raise StorageError(f"account {name} was not stored")
    return found[0]


def update_account(connection: Connection, account: Account) -> None:
    """Store what may change of an account: how it is called, what it may do and see, whether it is shut."""
    with storage_errors(f"changing account {account.name}"):
        connection.execute(
            "UPDATE account SET full_name = %s, role = %s, areas = %s, disabled_at = %s "
            "WHERE account_id = %s",
            (account.full_name, account.role.value, _cell(account.areas), account.disabled_at, account.id),
        )


def update_password(connection: Connection, account: Account, password_hash: str, now: datetime) -> None:
    """Store another password."""
    with storage_errors(f"changing the password of account {account.name}"):
        connection.execute(
            "UPDATE account SET password_hash = %s, password_set_at = %s WHERE account_id = %s",
            (password_hash, now, account.id),
        )


def renew_hash(connection: Connection, account: Account, password_hash: str, *, before: str) -> None:
    """Store the same password hashed with today's parameters, unless it is another one by now."""
    with storage_errors(f"renewing the password hash of account {account.name}"):
        connection.execute(
            "UPDATE account SET password_hash = %s WHERE account_id = %s AND password_hash = %s",
            (password_hash, account.id, before),
        )


def is_unchanged(connection: Connection, account: Account) -> bool:
    """Tell whether an account is open and has the password that it was read with; both stay so meanwhile."""
    with storage_errors(f"looking at account {account.name} again"):
        row = connection.execute(
            "SELECT password_set_at = %s AND disabled_at IS NULL FROM account "
            "WHERE account_id = %s FOR SHARE",
            (account.password_set_at, account.id),
        ).fetchone()
    return row is not None and bool(row[0])


def known_areas(connection: Connection) -> frozenset[str]:
    """Return the ids of all areas on record."""
    with storage_errors("listing areas"):
        return frozenset(row[0] for row in connection.execute("SELECT id FROM area").fetchall())


def _cell(areas: frozenset[str] | None) -> list[str] | None:
    return None if areas is None else sorted(areas)
