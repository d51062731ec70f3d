"""Accounts: one first administrator, never none, and each change in the audit without a password."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from pipeline.accounts import AccessError, Account, Role
from pipeline.errors import ConfigError, DataError
from pipeline.registry import Area, Registry
from services.accounts import (
    NewAccount,
    account_name,
    add_account,
    change_account,
    first_administrator,
    full_name,
    get_account,
    set_password,
    state_of,
)
from services.api_tokens import NewToken, add_token, token_of
from services.login import SessionRules, Visitor, check_password, open_session, session_of
from services.persons import Person
from storage.access_events import access_events
from storage.accounts import list_accounts
from storage.database import Connection, connect
from storage.registry import save_registry
from tests.fix_dashboard import NOW

ROOT = Person(account="root", host="server")
PASSWORD = "correct horse battery"  # noqa: S105 - of an account in a test's database
HERE, RULES = Visitor(address="192.0.2.7", agent="a browser"), SessionRules()


@pytest.fixture
def archive(plain_database_url: str) -> Iterator[Connection]:
    with connect(plain_database_url) as connection:
        save_registry(connection, Registry(areas=[Area(id="TA-01"), Area(id="TA-02")]))
        yield connection


def add(archive: Connection, name: str = "wang", role: Role = Role.ENGINEER) -> Account:
    return add_account(archive, NewAccount(name=name, role=role), PASSWORD, ROOT, NOW)


def test_the_first_start_makes_one_administrator_and_later_ones_none(archive: Connection) -> None:
    made = first_administrator(archive, NOW, ROOT)
    assert made is not None
    name, password = made
    account = check_password(archive, name, password, HERE, NOW)
    assert account is not None
    assert (account.name, account.role, account.areas) == ("admin", Role.ADMINISTRATOR, None)
    assert first_administrator(archive, NOW, ROOT) is None
    stored = archive.execute("SELECT account::text FROM account").fetchall()
    assert password not in str(stored)
    assert password not in str(access_events(archive))


def test_processes_that_start_at_once_make_one_administrator_together(plain_database_url: str) -> None:
    made: list[object] = []

    def start() -> None:
        with connect(plain_database_url) as connection:
            made.append(first_administrator(connection, NOW, ROOT))

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len([one for one in made if one is not None]) == 1


def test_an_account_is_added_once_by_its_plain_name(archive: Connection) -> None:
    assert add(archive, " Wang ").name == "wang"
    with pytest.raises(AccessError, match="an account 'wang' already"):
        add(archive, "WANG")
    with pytest.raises(DataError, match="no account 'li'"):
        get_account(archive, "li")


@pytest.mark.parametrize("name", ["", "王", "-a", "a b", "x" * 65, "a\x00"])
def test_a_name_that_will_not_do_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="begins with a letter or digit"):
        account_name(name)


def test_a_full_name_is_one_bounded_line() -> None:
    assert full_name("  王\n芳\x00 \x1b[1m") == "王 芳 [1m"
    assert len(full_name("x" * 500)) == 80


def test_areas_are_such_that_are_on_record(archive: Connection) -> None:
    wanted = NewAccount(name="wang", role=Role.VIEWER, areas=frozenset({"TA-01", "TA-9"}))
    with pytest.raises(ConfigError, match="no such area on record: TA-9"):
        add_account(archive, wanted, PASSWORD, ROOT, NOW)
    assert list_accounts(archive) == []


def test_a_change_is_recorded_with_what_was_before(archive: Connection) -> None:
    account = add(archive)
    areas = frozenset({"TA-02"})
    add(archive, "boss", Role.ADMINISTRATOR)
    change_account(archive, replace(account, role=Role.VIEWER, areas=areas), ROOT, NOW)
    assert get_account(archive, "wang").scope.areas == areas
    newest = access_events(archive, limit=1)[0]
    assert (newest.event, newest.account, newest.address, newest.subject) == (
        "account changed",
        "root",
        "server",
        "wang",
    )
    assert newest.before is not None
    assert newest.after is not None
    assert (newest.before["role"], newest.before["areas"]) == ("engineer", None)
    assert (newest.after["role"], newest.after["areas"]) == ("viewer", ["TA-02"])


def test_a_change_holds_for_the_account_that_was_seen_and_that_its_manager_may_manage(
    archive: Connection,
) -> None:
    account = add(archive)
    chief = add(archive, "chief", Role.ADMINISTRATOR)
    north = replace(chief, areas=frozenset({"TA-01"}))
    narrow = replace(account, areas=frozenset({"TA-01"}))
    with pytest.raises(AccessError, match="wang sees more than chief does"):
        change_account(archive, narrow, ROOT, NOW, manager=north, seen=state_of(account))
    change_account(archive, narrow, ROOT, NOW, manager=chief, seen=state_of(account))
    with pytest.raises(AccessError, match="wang was changed meanwhile"):
        change_account(archive, account, ROOT, NOW, manager=north, seen=state_of(account))
    assert get_account(archive, "wang") == narrow


def test_the_last_administrator_of_all_areas_stays_one(archive: Connection) -> None:
    boss = add(archive, "boss", Role.ADMINISTRATOR)
    for changed in (
        replace(boss, role=Role.ENGINEER),
        replace(boss, areas=frozenset({"TA-01"})),
        replace(boss, disabled_at=NOW),
    ):
        with pytest.raises(ConfigError, match="last administrator"):
            change_account(archive, changed, ROOT, NOW)
    add(archive, "deputy", Role.ADMINISTRATOR)
    change_account(archive, replace(boss, disabled_at=NOW), ROOT, NOW)


def test_a_shut_account_cannot_come_in_and_its_sessions_end(archive: Connection) -> None:
    add(archive, "boss", Role.ADMINISTRATOR)
    account = add(archive)
    token = open_session(archive, account, HERE, NOW, RULES)
    assert session_of(archive, token, NOW, RULES) is not None
    change_account(archive, replace(account, disabled_at=NOW), ROOT, NOW)
    assert session_of(archive, token, NOW, RULES) is None
    assert check_password(archive, "wang", PASSWORD, HERE, NOW) is None
    change_account(archive, replace(account, disabled_at=None), ROOT, NOW)
    assert check_password(archive, "wang", PASSWORD, HERE, NOW) == account


def test_another_password_ends_all_sessions_but_the_one_that_asks(archive: Connection) -> None:
    account = add(archive)
    tokens = [open_session(archive, account, HERE, NOW, RULES) for _ in range(3)]
    own = session_of(archive, tokens[1], NOW, RULES)
    assert own is not None
    set_password(archive, account, "another long password", ROOT, NOW, keep_session=own.id)
    alive = [session_of(archive, token, NOW, RULES) is not None for token in tokens]
    assert alive == [False, True, False]
    assert check_password(archive, "wang", PASSWORD, HERE, NOW) is None
    assert check_password(archive, "wang", "another long password", HERE, NOW) is not None
    assert access_events(archive, event="password set")[0].after == {
        "sessions_closed": 2,
        "tokens_revoked": 0,
    }
    with pytest.raises(ConfigError, match="12 to 256"):
        set_password(archive, account, "short", ROOT, NOW)


def test_a_reset_by_another_leaves_no_token_and_ones_own_change_leaves_them(archive: Connection) -> None:
    account = add(archive)
    cookie = open_session(archive, account, HERE, NOW, RULES)
    own = session_of(archive, cookie, NOW, RULES)
    assert own is not None
    token = add_token(
        archive, account, NewToken(name="billing", role=Role.VIEWER, areas=None, days=30), ROOT, NOW
    )
    set_password(archive, account, "another long password", ROOT, NOW, keep_session=own.id)
    assert token_of(archive, token, NOW) is not None
    set_password(archive, account, "a third long password", ROOT, NOW)
    assert token_of(archive, token, NOW) is None
    assert access_events(archive, event="password set")[0].after == {
        "sessions_closed": 1,
        "tokens_revoked": 1,
    }
