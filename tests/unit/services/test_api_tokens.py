"""Tokens: shown once, never more than their owner, and over when revoked, expired, or the owner is shut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.accounts import AccessError, Account, Role
from pipeline.errors import DataError
from pipeline.registry import Area, Registry
from services.accounts import NewAccount, add_account, change_account
from services.api_tokens import MOST_TOKENS, NewToken, add_token, end_token, is_alive, needs_noting, token_of
from services.persons import Person
from storage.access_events import access_events
from storage.api_tokens import tokens_of, touch_token
from storage.database import Connection, connect
from storage.registry import save_registry
from tests.fix_dashboard import NOW

ROOT = Person(account="root", host="server")
PASSWORD = "correct horse battery"  # noqa: S105 - of an account in a test's database
READS = NewToken(name="billing", role=Role.VIEWER, areas=None, days=30)


@pytest.fixture
def archive(plain_database_url: str) -> Iterator[Connection]:
    with connect(plain_database_url) as connection:
        save_registry(connection, Registry(areas=[Area(id="TA-01"), Area(id="TA-02"), Area(id="TA-03")]))
        add_account(connection, NewAccount(name="boss", role=Role.ADMINISTRATOR), PASSWORD, ROOT, NOW)
        yield connection


@pytest.fixture
def wang(archive: Connection) -> Account:
    wanted = NewAccount(name="wang", role=Role.ENGINEER, areas=frozenset({"TA-01", "TA-02"}))
    return add_account(archive, wanted, PASSWORD, ROOT, NOW)


def test_a_token_opens_what_it_may_and_stands_nowhere(archive: Connection, wang: Account) -> None:
    token = add_token(archive, wang, READS, ROOT, NOW)
    assert token.startswith("kw_")
    found = token_of(archive, token, NOW)
    assert found is not None
    assert (found.account.name, found.account.role, found.account.areas) == ("wang", Role.VIEWER, wang.areas)
    stored = archive.execute("SELECT api_token::text FROM api_token").fetchall()
    assert token not in str(stored) + str(access_events(archive))
    for wrong in ("", token[:-1], token[3:], token + "x", "kw_", "x" * 10_000):
        assert token_of(archive, wrong, NOW) is None


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (replace(READS, name=" \n"), "needs a name"),
        (replace(READS, role=Role.ADMINISTRATOR), "at most engineer"),
        (replace(READS, areas=frozenset({"TA-01", "TA-03"})), "no other areas"),
        (replace(READS, areas=frozenset({"TA-9"})), "no other areas"),
        (replace(READS, days=0), "1 to 366 days"),
        (replace(READS, days=367), "1 to 366 days"),
    ],
)
def test_a_token_is_never_more_than_its_owner(
    archive: Connection, wang: Account, wanted: NewToken, problem: str
) -> None:
    with pytest.raises(AccessError, match=problem):
        add_token(archive, wang, wanted, ROOT, NOW)
    assert tokens_of(archive, wang) == []


def test_it_becomes_less_with_its_owner(archive: Connection, wang: Account) -> None:
    writes = replace(READS, role=Role.ENGINEER, areas=frozenset({"TA-01"}))
    token = add_token(archive, wang, writes, ROOT, NOW)
    change_account(archive, replace(wang, role=Role.VIEWER, areas=frozenset({"TA-02"})), ROOT, NOW)
    found = token_of(archive, token, NOW)
    assert found is not None
    assert (found.account.role, found.account.areas) == (Role.VIEWER, frozenset())
    change_account(archive, replace(wang, disabled_at=NOW), ROOT, NOW)
    assert token_of(archive, token, NOW) is None


def test_it_is_over_after_its_days_or_when_it_is_revoked(archive: Connection, wang: Account) -> None:
    token = add_token(archive, wang, READS, ROOT, NOW)
    assert token_of(archive, token, NOW + timedelta(days=30)) is None
    (card,) = tokens_of(archive, wang)
    assert is_alive(card, NOW)
    assert not is_alive(card, NOW + timedelta(days=30))
    end_token(archive, wang, card.id, ROOT, NOW)
    assert token_of(archive, token, NOW) is None
    with pytest.raises(DataError, match="no token"):
        end_token(archive, wang, card.id, ROOT, NOW)
    kinds = [event.event for event in access_events(archive)]
    assert kinds[:2] == ["token revoked", "token added"]


def test_nobody_revokes_anothers(archive: Connection, wang: Account) -> None:
    add_token(archive, wang, READS, ROOT, NOW)
    (card,) = tokens_of(archive, wang)
    with pytest.raises(DataError):
        end_token(archive, replace(wang, id=wang.id + 100), card.id, ROOT, NOW)


def test_its_last_use_is_noted_once_a_minute(archive: Connection, wang: Account) -> None:
    add_token(archive, wang, READS, ROOT, NOW)
    (card,) = tokens_of(archive, wang)
    assert needs_noting(card, NOW)
    touch_token(archive, card.id, NOW)
    (card,) = tokens_of(archive, wang)
    assert card.used_at == NOW
    assert not needs_noting(card, NOW + timedelta(seconds=59))
    assert needs_noting(card, NOW + timedelta(seconds=60))


def test_an_account_has_a_bounded_number_of_tokens(archive: Connection, wang: Account) -> None:
    for _ in range(MOST_TOKENS):
        add_token(archive, wang, READS, ROOT, NOW)
    with pytest.raises(AccessError, match="revoke those"):
        add_token(archive, wang, READS, ROOT, NOW)
