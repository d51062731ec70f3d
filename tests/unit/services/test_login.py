"""Sessions: only their tokens' hashes are stored, and those that are over are swept out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from pipeline.accounts import Account, Role
from pipeline.errors import DataError
from services.accounts import NewAccount, add_account, set_password
from services.login import (
    SessionRules,
    Visitor,
    check_password,
    log_out,
    needs_touch,
    note_use,
    open_session,
    session_of,
)
from services.persons import Person
from storage.access_events import access_events
from storage.accounts import find_account, renew_hash
from storage.database import Connection, connect
from tests.fix_dashboard import NOW

OTHER_PASSWORD = "another fine password"  # noqa: S105 - likewise
PASSWORD = "correct horse battery"  # noqa: S105 - of an account in a test's database
HERE, RULES = Visitor(address="192.0.2.7", agent="a\nbrowser" * 100), SessionRules()


@pytest.fixture
def archive(plain_database_url: str) -> Iterator[Connection]:
    with connect(plain_database_url) as connection:
        yield connection


@pytest.fixture
def wang(archive: Connection) -> Account:
    return add_account(
        archive, NewAccount(name="wang", role=Role.ENGINEER), PASSWORD, Person(account="root"), NOW
    )


def test_a_token_stands_nowhere_in_the_database(archive: Connection, wang: Account) -> None:
    token = open_session(archive, wang, HERE, NOW, RULES)
    rows = archive.execute(
        "SELECT token_hash, account_session::text, octet_length(agent) FROM account_session"
    ).fetchall()
    assert len(rows) == 1
    assert token not in str(rows)
    assert rows[0][2] <= 200
    found = session_of(archive, token, NOW, RULES)
    assert found is not None
    assert found.account == wang


def test_each_login_opens_a_session_of_its_own(archive: Connection, wang: Account) -> None:
    tokens = {open_session(archive, wang, HERE, NOW, RULES) for _ in range(5)}
    assert len(tokens) == 5


def test_sessions_that_are_over_are_swept_out_by_the_next_login(archive: Connection, wang: Account) -> None:
    open_session(archive, wang, HERE, NOW, RULES)
    later = NOW + RULES.idle + timedelta(seconds=1)
    open_session(archive, wang, HERE, later, RULES)
    assert archive.execute("SELECT count(*) FROM account_session").fetchone() == (1,)


def test_a_use_is_noted_once_a_minute_and_never_backwards(archive: Connection, wang: Account) -> None:
    token = open_session(archive, wang, HERE, NOW, RULES)
    session = session_of(archive, token, NOW, RULES)
    assert session is not None
    assert not needs_touch(session, NOW + timedelta(seconds=59))
    assert needs_touch(session, NOW + timedelta(seconds=60))
    note_use(archive, session, NOW + timedelta(hours=1))
    note_use(archive, session, NOW)
    after = session_of(archive, token, NOW, RULES)
    assert after is not None
    assert after.seen_at == NOW + timedelta(hours=1)


def test_logging_out_is_recorded_once(archive: Connection, wang: Account) -> None:
    token = open_session(archive, wang, HERE, NOW, RULES)
    session = session_of(archive, token, NOW, RULES)
    assert session is not None
    for _ in range(2):
        log_out(archive, wang, session.id, Person(account="wang", host="192.0.2.7"), NOW)
    assert session_of(archive, token, NOW, RULES) is None
    assert [event.event for event in access_events(archive)] == ["logout", "login", "account added"]


@pytest.mark.usefixtures("heavy_hashes")
def test_a_hash_of_old_parameters_is_renewed_by_a_login(archive: Connection, wang: Account) -> None:
    from argon2 import PasswordHasher  # noqa: PLC0415 - to make what an older version made

    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    archive.execute("UPDATE account SET password_hash = %s", (weak,))
    assert check_password(archive, "wang", PASSWORD, HERE, NOW) == wang
    (stored,) = archive.execute("SELECT password_hash FROM account").fetchone() or ("",)
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize("name", ["li", "", "wang\x00", "w" * 5000, "'; DROP TABLE account; --"])
def test_a_name_that_nobody_has_is_refused_and_recorded_bounded(
    archive: Connection, wang: Account, name: str
) -> None:
    assert wang.name == "wang"
    assert check_password(archive, name, PASSWORD, HERE, NOW) is None
    newest = access_events(archive, limit=1)[0]
    assert newest.event == "login refused"
    assert len(newest.subject) <= 200


def test_a_login_that_a_new_password_overtook_opens_nothing(archive: Connection, wang: Account) -> None:
    set_password(archive, wang, OTHER_PASSWORD, Person(account="root"), NOW + timedelta(seconds=1))
    with pytest.raises(DataError, match="changed while it logged in"):
        open_session(archive, wang, HERE, NOW + timedelta(seconds=2), RULES)


def test_an_outdated_hash_is_not_renewed_over_a_newer_password(archive: Connection, wang: Account) -> None:
    found = find_account(archive, wang.name)
    assert found is not None
    set_password(archive, wang, OTHER_PASSWORD, Person(account="root"), NOW + timedelta(seconds=1))
    newer = find_account(archive, wang.name)
    renew_hash(archive, wang, "hash of the old password", before=found[1])
    assert find_account(archive, wang.name) == newer
