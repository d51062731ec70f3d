"""Accounts (账号): the first administrator, adding, changing, shutting; each change is in the audit."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime

from pipeline.accounts import ACCOUNT_NAME, AccessError, Account, Problem, Role, may_manage
from pipeline.errors import DataError
from pipeline.model import Json
from services.passwords import generate_password, hash_password, require_good_password
from services.persons import Person
from services.throttle import forget_account
from storage.access_events import add_event
from storage.account_sessions import delete_sessions
from storage.accounts import (
    find_account,
    has_accounts,
    insert_account,
    known_areas,
    list_accounts,
    lock_accounts,
    lock_first_account,
    update_account,
    update_password,
)
from storage.api_tokens import revoke_tokens
from storage.database import Connection

FIRST_NAME = "admin"
LONGEST_FULL_NAME = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """What a new account is to be."""

    name: str
    role: Role
    full_name: str = ""
    areas: frozenset[str] | None = None


def first_administrator(connection: Connection, now: datetime, person: Person) -> tuple[str, str] | None:
    """Make the administrator of a new installation; returns name and password, which stands nowhere else.

    None where there are accounts already, also when another process was faster.
    """
    if has_accounts(connection):
        return None
    password = generate_password()
    wanted = NewAccount(name=FIRST_NAME, role=Role.ADMINISTRATOR)
    hashed = hash_password(password)
    with connection.transaction():
        lock_first_account(connection)
        if has_accounts(connection):
            return None
        _insert(connection, wanted, hashed, person, now)
    return FIRST_NAME, password


def add_account(
    connection: Connection, wanted: NewAccount, password: str, person: Person, now: datetime
) -> Account:
    """Add an account.

    Raises:
        AccessError: If name, areas or password will not do, or there is one of that name.
    """
    name = account_name(wanted.name)
    checked = replace(wanted, name=name, full_name=full_name(wanted.full_name))
    _require_areas(connection, checked.areas)
    require_good_password(password, name)
    if find_account(connection, name) is not None:
        raise AccessError(Problem.NAME_TAKEN, f"there is an account {name!r} already", name=name)
    hashed = hash_password(password)
    with connection.transaction():
        return _insert(connection, checked, hashed, person, now)


def get_account(connection: Connection, name: str) -> Account:
    """Return one account.

    Raises:
        DataError: If there is none of that name.
    """
    found = find_account(connection, name.strip().lower())
    if found is None:
        raise DataError(f"there is no account {name!r}; 'kilowatch accounts list' shows them")
    return found[0]


def state_of(account: Account) -> str:
    """Return a digest of what may be changed of an account: a form sends back the one that it showed."""
    stated = json.dumps({"id": account.id, **told(account)}, sort_keys=True)
    return hashlib.sha256(stated.encode()).hexdigest()


def change_account(  # noqa: PLR0913 - who changes what, and what they saw of it
    connection: Connection,
    changed: Account,
    person: Person,
    now: datetime,
    *,
    manager: Account | None = None,
    seen: str | None = None,
) -> Account:
    """Give an account another name for people, role, areas, or shut it; returns it.

    Args:
        connection: The database.
        changed: What it is to be.
        person: Who is named in the audit.
        now: When.
        manager: The administrator who must be allowed to manage the account as it stands; None: the server's.
        seen: The :func:`state_of` that the change was made upon; None where nobody looked at it before.

    Raises:
        AccessError: If an area is not on record, no administrator of all areas would be left, the account is
            another one than was seen by now, or it sees more than its manager.
    """
    _require_areas(connection, changed.areas)
    checked = replace(changed, full_name=full_name(changed.full_name))
    with connection.transaction():
        lock_accounts(connection)
        before = get_account(connection, changed.name)
        if manager is not None and not may_manage(manager, before.areas):
            raise AccessError(Problem.BEYOND_OWN, f"{before.name} sees more than {manager.name} does")
        if seen is not None and seen != state_of(before):
            raise AccessError(Problem.CHANGED, f"{before.name} was changed meanwhile: look at it again")
        _require_administrator(connection, checked)
        update_account(connection, checked)
        if checked.disabled_at is not None:
            delete_sessions(connection, checked)
        add_event(
            connection,
            "account changed",
            now,
            account=person.account,
            address=person.host,
            subject=checked.name,
            before=told(before),
            after=told(checked),
        )
    return checked


def set_password(  # noqa: PLR0913 - who gives whom which password, and what stays open
    connection: Connection,
    account: Account,
    password: str,
    person: Person,
    now: datetime,
    *,
    keep_session: int | None = None,
) -> None:
    """Give an account another password and close its sessions, but for the one that asks.

    Where none of its own sessions asks, somebody else resets it: whoever had got in keeps no token either.

    Raises:
        AccessError: If the password is too easy to guess.
    """
    require_good_password(password, account.name)
    hashed = hash_password(password)
    with connection.transaction():
        update_password(connection, account, hashed, now)
        closed = delete_sessions(connection, account, but=keep_session)
        revoked = revoke_tokens(connection, account, now) if keep_session is None else 0
        forget_account(connection, account.name)
        add_event(
            connection,
            "password set",
            now,
            account=person.account,
            address=person.host,
            subject=account.name,
            after={"sessions_closed": closed, "tokens_revoked": revoked},
        )


def account_name(name: str) -> str:
    """Return an account's name as it is stored.

    Raises:
        AccessError: If it will not do.
    """
    stored = name.strip().lower()
    if ACCOUNT_NAME.fullmatch(stored) is None:
        raise AccessError(
            Problem.NAME,
            f"an account's name has 1 to 64 of a-z, 0-9, '.', '_', '-' and begins with a letter or digit, "
            f"not {name[:80]!r}",
        )
    return stored


def full_name(text: str) -> str:
    """Return how somebody is called, on one line and of bounded length."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST_FULL_NAME]


def told(account: Account) -> dict[str, Json]:
    """Return what the audit keeps of an account: never its password."""
    return {
        "full_name": account.full_name,
        "role": account.role.value,
        "areas": None if account.areas is None else sorted(account.areas),
        "disabled_at": None if account.disabled_at is None else account.disabled_at.isoformat(),
    }


def _insert(
    connection: Connection, wanted: NewAccount, password_hash: str, person: Person, now: datetime
) -> Account:
    account = insert_account(
        connection,
        name=wanted.name,
        full_name=wanted.full_name,
        role=wanted.role,
        areas=wanted.areas,
        password_hash=password_hash,
        now=now,
    )
    add_event(
        connection,
        "account added",
        now,
        account=person.account,
        address=person.host,
        subject=account.name,
        after=told(account),
    )
    return account


def _require_areas(connection: Connection, areas: frozenset[str] | None) -> None:
    """Complain about areas that are not on record: a slip would show nothing at all."""
    unknown = (areas or frozenset()) - known_areas(connection)
    if unknown:
        listed = ", ".join(sorted(unknown))
        raise AccessError(
            Problem.AREA,
            f"no such area on record: {listed}. Next step: 'kilowatch registry export' shows the areas; "
            "import them first",
            areas=listed,
        )


def _require_administrator(connection: Connection, changed: Account) -> None:
    others = (account for account in list_accounts(connection) if account.id != changed.id)
    if not any(_manages_all(account) for account in (*others, changed)):
        raise AccessError(
            Problem.LAST_ADMINISTRATOR,
            f"{changed.name} is the last administrator of all areas: nobody could let anybody in again",
        )


def _manages_all(account: Account) -> bool:
    return account.role is Role.ADMINISTRATOR and account.areas is None and account.disabled_at is None
