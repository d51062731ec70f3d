"""Logging in and out: a name and a password become a session, whose cookie is known to the browser alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.accounts import Account
from pipeline.errors import DataError
from services.passwords import hash_password, is_outdated, password_fits
from services.persons import Person
from services.throttle import begin_login, login_succeeded
from services.tokens import new_token, token_hash
from storage.access_events import add_event
from storage.account_sessions import (
    OpenSession,
    SessionCard,
    delete_dead_sessions,
    delete_session,
    find_session,
    insert_session,
    touch_session,
)
from storage.accounts import find_account, is_unchanged, renew_hash
from storage.database import Connection

TOUCH_EVERY = timedelta(minutes=1)
"""A use is noted no oftener than this."""
LONGEST_AGENT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRules:
    """How long a session lives."""

    idle: timedelta = timedelta(hours=8)
    """Without any use. A page that renews itself is a use."""
    absolute: timedelta = timedelta(days=7)
    """In all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """From where somebody comes."""

    address: str
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What becomes of a name and a password."""

    account: Account | None = None
    """To which both belong."""
    wait: timedelta = timedelta(0)
    """How long nothing is looked at, after too many failures."""


def try_to_log_in(
    connection: Connection, name: str, password: str, visitor: Visitor, now: datetime
) -> Answer:
    """Look at a name and a password, unless there were too many that did not belong together.

    Those that do not belong together are a line in the audit; those that are not looked at are none, so
    that nobody can fill it.
    """
    wanted = name.strip().lower()
    wait = begin_login(connection, wanted, visitor.address, now)
    if wait > timedelta(0):
        return Answer(wait=wait)
    account = check_password(connection, wanted, password, visitor, now)
    if account is not None:
        login_succeeded(connection, wanted, visitor.address, now)
    return Answer(account=account)


def check_password(
    connection: Connection, wanted: str, password: str, visitor: Visitor, now: datetime
) -> Account | None:
    """Return the account to which name and password belong; None, and a line in the audit, for any other."""
    found = find_account(connection, wanted) if "\x00" not in wanted else None
    fits = password_fits(password, None if found is None else found[1])
    if found is None or not fits or found[0].disabled_at is not None:
        add_event(connection, "login refused", now, account="", address=visitor.address, subject=wanted)
        return None
    account, password_hash = found
    if is_outdated(password_hash):
        renew_hash(connection, account, hash_password(password), before=password_hash)
    return account


def open_session(
    connection: Connection, account: Account, visitor: Visitor, now: datetime, rules: SessionRules
) -> str:
    """Open a session and return the token of its cookie; only the token's hash is stored.

    Raises:
        DataError: If the account was shut, or got another password, since the password was looked at.
    """
    token = new_token()
    card = SessionCard(
        id=0,
        created_at=now,
        seen_at=now,
        expires_at=now + rules.absolute,
        address=visitor.address,
        agent="".join(c for c in visitor.agent if c.isprintable())[:LONGEST_AGENT],
    )
    with connection.transaction():
        if not is_unchanged(connection, account):
            raise DataError(f"account {account.name} was changed while it logged in")
        delete_dead_sessions(connection, now, now - rules.idle)
        insert_session(connection, token_hash(token), account, card)
        add_event(connection, "login", now, account=account.name, address=visitor.address)
    return token


def session_of(connection: Connection, token: str, now: datetime, rules: SessionRules) -> OpenSession | None:
    """Return the session of a cookie; None where it is unknown or over, or its account is shut."""
    return find_session(connection, token_hash(token), now=now, seen_since=now - rules.idle)


def needs_touch(session: OpenSession, now: datetime) -> bool:
    """Tell whether the use of a session is to be noted again."""
    return now - session.seen_at >= TOUCH_EVERY


def note_use(connection: Connection, session: OpenSession, now: datetime) -> None:
    """Note that a session was used just now."""
    touch_session(connection, session.id, now)


def end_session(
    connection: Connection, account: Account, session: int, person: Person, now: datetime
) -> bool:
    """Close another session of the account that asks; tells whether it was open."""
    with connection.transaction():
        ended = delete_session(connection, account, session)
        if ended:
            add_event(connection, "session ended", now, account=person.account, address=person.host)
    return ended


def log_out(connection: Connection, account: Account, session: int, person: Person, now: datetime) -> None:
    """Close a session."""
    with connection.transaction():
        if delete_session(connection, account, session):
            add_event(connection, "logout", now, account=person.account, address=person.host)
