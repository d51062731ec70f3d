"""Accounts at rest: the database holds the rules too."""

from __future__ import annotations

import pytest

from pipeline.accounts import Role
from pipeline.errors import StorageError
from storage.accounts import find_account, has_accounts, insert_account, update_account, update_password
from storage.database import Connection
from tests.fix_dashboard import NOW


def _insert(database: Connection, name: str, areas: frozenset[str] | None = None) -> None:
    insert_account(
        database,
        name=name,
        full_name="",
        role=Role.VIEWER,
        areas=areas,
        password_hash="one",  # noqa: S106 - no password
        now=NOW,
    )


def test_an_account_comes_back_as_it_was_stored(database: Connection) -> None:
    assert not has_accounts(database)
    _insert(database, "wang", frozenset({"TA-02", "TA-01"}))
    assert has_accounts(database)
    found = find_account(database, "wang")
    assert found is not None
    account, password_hash = found
    assert account.areas == frozenset({"TA-01", "TA-02"})
    assert password_hash == "one"  # noqa: S105 - no password
    update_password(database, account, "two", NOW)
    update_account(database, account)
    assert find_account(database, "wang") == (account, "two")
    assert find_account(database, "li") is None


@pytest.mark.parametrize(("name", "areas"), [("Wang", None), ("", None), ("li", frozenset[str]())])
def test_what_will_not_do_is_refused_by_the_database_too(
    database: Connection, name: str, areas: frozenset[str] | None
) -> None:
    with pytest.raises(StorageError):
        _insert(database, name, areas)
