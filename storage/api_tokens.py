"""Tokens (令牌) of programs that ask the API; only their hashes are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg.rows import dict_row

from pipeline.accounts import Account, Role
from storage.accounts import ACCOUNT, account_of_row
from storage.database import Connection, storage_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCard:
    """One token as its owner sees it."""

    id: int
    name: str
    role: Role
    areas: frozenset[str] | None
    """The areas that it sees; None for all that its owner sees."""
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveToken:
    """A token that opens, and whose it is."""

    card: TokenCard
    account: Account


_CARD: LiteralString = (
    ", t.token_id, t.name AS token_name, t.role AS token_role, t.areas AS token_areas, "
    "t.created_at AS token_created_at, t.expires_at, t.used_at, t.revoked_at "
)
_OWNED: LiteralString = " FROM api_token AS t JOIN account AS a USING (account_id) "


def insert_token(connection: Connection, token_hash: bytes, account: Account, card: TokenCard) -> None:
    """Store a new token; the card's ``id`` is given by the database."""
    with storage_errors("adding a token"):
        connection.execute(
            "INSERT INTO api_token (token_hash, account_id, name, role, areas, created_at, expires_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (
                token_hash,
                account.id,
                card.name,
                card.role.value,
                None if card.areas is None else sorted(card.areas),
                card.created_at,
                card.expires_at,
            ),
        )


def find_token(connection: Connection, token_hash: bytes, now: datetime) -> LiveToken | None:
    """Return a token that is neither over nor revoked, and whose owner's account is not shut."""
    query = (
        ACCOUNT + _CARD + _OWNED + "WHERE t.token_hash = %s AND t.expires_at > %s AND t.revoked_at IS NULL "
        "AND a.disabled_at IS NULL"
    )
    with storage_errors("looking up a token"), connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(query, (token_hash, now)).fetchone()
    return None if row is None else LiveToken(card=_card(row), account=account_of_row(row))


def tokens_of(connection: Connection, account: Account) -> list[TokenCard]:
    """Return an account's tokens, those that were revoked too, the newest first."""
    query = ACCOUNT + _CARD + _OWNED + "WHERE a.account_id = %s ORDER BY t.token_id DESC"
    with storage_errors("listing tokens"), connection.cursor(row_factory=dict_row) as cursor:
        return [_card(row) for row in cursor.execute(query, (account.id,)).fetchall()]


def touch_token(connection: Connection, token: int, now: datetime) -> None:
    """Note that a token was used."""
    with storage_errors("noting the use of a token"):
        connection.execute(
            "UPDATE api_token SET used_at = greatest(used_at, %s) WHERE token_id = %s", (now, token)
        )


def revoke_token(connection: Connection, account: Account, token: int, now: datetime) -> str | None:
    """End a token of an account; returns its name, None where there is none that was alive."""
    with storage_errors("revoking a token"):
        row = connection.execute(
            "UPDATE api_token SET revoked_at = %s WHERE token_id = %s AND account_id = %s "
            "AND revoked_at IS NULL RETURNING name",
            (now, token, account.id),
        ).fetchone()
    return None if row is None else str(row[0])


def revoke_tokens(connection: Connection, account: Account, now: datetime) -> int:
    """End all tokens of an account; returns how many were alive."""
    with storage_errors("revoking tokens"):
        return connection.execute(
            "UPDATE api_token SET revoked_at = %(now)s WHERE account_id = %(account)s "
            "AND revoked_at IS NULL AND expires_at > %(now)s",
            {"now": now, "account": account.id},
        ).rowcount


def _card(row: Mapping[str, Any]) -> TokenCard:  # Any: cells of a row
    return TokenCard(
        id=row["token_id"],
        name=row["token_name"],
        role=Role(row["token_role"]),
        areas=None if row["token_areas"] is None else frozenset(row["token_areas"]),
        created_at=row["token_created_at"],
        expires_at=row["expires_at"],
        used_at=row["used_at"],
        revoked_at=row["revoked_at"],
    )
