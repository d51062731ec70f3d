"""Tokens (令牌) of programs: shown once, never more than their owner may, gone when revoked or over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline.accounts import AccessError, Account, Problem, Role, common_areas
from pipeline.errors import DataError
from services.accounts import full_name
from services.persons import Person
from services.tokens import new_token, token_hash
from storage.access_events import add_event
from storage.api_tokens import (
    LiveToken,
    TokenCard,
    find_token,
    insert_token,
    revoke_token,
    tokens_of,
    touch_token,
)
from storage.database import Connection

PREFIX = "kw_"
"""Tells people, and programs that look for secrets in files, what it is."""
LONGEST_DAYS = 366
MOST_TOKENS = 50
"""That are alive, of one account."""
TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """What a new token is to be."""

    name: str
    role: Role
    areas: frozenset[str] | None
    """None for all that its owner sees."""
    days: int


def add_token(connection: Connection, owner: Account, wanted: NewToken, person: Person, now: datetime) -> str:
    """Make a token and return it: it stands nowhere else.

    Raises:
        AccessError: If it would be more than its owner, last too long, or have no name.
    """
    name = full_name(wanted.name)
    if not name:
        raise AccessError(Problem.TOKEN_NAME, "a token needs a name that says which program uses it")
    if not owner.role.includes(wanted.role):
        raise AccessError(
            Problem.TOKEN_ROLE,
            f"a token of {owner.name} is at most {owner.role.value}, not {wanted.role.value}",
        )
    if common_areas(owner.areas, wanted.areas) != (owner.areas if wanted.areas is None else wanted.areas):
        raise AccessError(
            Problem.TOKEN_AREAS, f"a token of {owner.name} sees no other areas than {owner.name}"
        )
    if not 1 <= wanted.days <= LONGEST_DAYS:
        raise AccessError(
            Problem.TOKEN_DAYS, f"a token lasts 1 to {LONGEST_DAYS} days, not {wanted.days}", n=LONGEST_DAYS
        )
    if len([token for token in tokens_of(connection, owner) if is_alive(token, now)]) >= MOST_TOKENS:
        raise AccessError(
            Problem.TOKENS,
            f"{owner.name} has {MOST_TOKENS} tokens already: revoke those that nobody uses",
            n=MOST_TOKENS,
        )
    token = new_token(PREFIX)
    card = TokenCard(
        id=0,
        name=name,
        role=wanted.role,
        areas=wanted.areas,
        created_at=now,
        expires_at=now + timedelta(days=wanted.days),
        used_at=None,
        revoked_at=None,
    )
    with connection.transaction():
        insert_token(connection, token_hash(token), owner, card)
        add_event(
            connection,
            "token added",
            now,
            account=person.account,
            address=person.host,
            subject=f"{owner.name}: {name}",
            after={
                "role": card.role.value,
                "areas": None if card.areas is None else sorted(card.areas),
                "expires_at": card.expires_at.isoformat(),
            },
        )
    return token


def end_token(connection: Connection, owner: Account, token: int, person: Person, now: datetime) -> None:
    """Revoke a token.

    Raises:
        DataError: If the account has no such token, or it was revoked before.
    """
    with connection.transaction():
        name = revoke_token(connection, owner, token, now)
        if name is None:
            raise DataError(f"{owner.name} has no token {token} that could be revoked")
        add_event(
            connection,
            "token revoked",
            now,
            account=person.account,
            address=person.host,
            subject=f"{owner.name}: {name}",
        )


def token_of(connection: Connection, token: str, now: datetime) -> LiveToken | None:
    """Return what a token opens, with the account as far as the token goes; None where it opens nothing."""
    found = find_token(connection, token_hash(token), now) if token.startswith(PREFIX) else None
    if found is None:
        return None
    card, owner = found.card, found.account
    # The owner may have become less since the token was made.
    role = card.role if owner.role.includes(card.role) else owner.role
    return LiveToken(
        card=card, account=replace(owner, role=role, areas=common_areas(owner.areas, card.areas))
    )


def note_token_use(connection: Connection, token: TokenCard, now: datetime) -> None:
    """Note that a token was used just now."""
    touch_token(connection, token.id, now)


def needs_noting(token: TokenCard, now: datetime) -> bool:
    """Tell whether the use of a token is to be noted again."""
    return token.used_at is None or now - token.used_at >= TOUCH_EVERY


def is_alive(token: TokenCard, now: datetime) -> bool:
    """Tell whether a token still opens anything."""
    return token.revoked_at is None and token.expires_at > now
