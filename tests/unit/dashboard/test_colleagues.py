"""Who may be given work: accounts of engineers that share an area, and are not shut."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import Request

from dashboard.access import Caller
from dashboard.app import create_app
from dashboard.colleagues import colleagues_of_request, who_may_see
from pipeline.accounts import Account, Role
from storage.accounts import find_account
from storage.database import connect
from tests.fix_dashboard import NOW, browsing
from tests.tester import TESTER, let_in


def account(name: str, *areas: str) -> Account:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    return Account(
        id=1,
        name=name,
        full_name="",
        role=Role.ENGINEER,
        areas=frozenset(areas) or None,
        created_at=at,
        password_set_at=at,
        disabled_at=None,
    )


def test_a_place_is_seen_by_accounts_of_its_area_and_of_all() -> None:
    accounts = [account("all"), account("one", "TA-1"), account("two", "TA-2", "TA-3")]
    assert [each.name for each in who_may_see(accounts, "TA-3")] == ["all", "two"]
    assert [each.name for each in who_may_see(accounts, None)] == ["all"]


def test_colleagues_share_an_area_may_work_and_are_not_shut_and_the_own_account_comes_first(
    plain_database_url: str,
) -> None:
    app = create_app(plain_database_url, clock=lambda: NOW)
    with browsing(app):
        for name, areas in (
            ("anna", {"TA-1", "TA-2"}),
            ("bert", {"TA-2"}),
            ("carl", {"TA-1"}),
            ("zhao", {"TA-1"}),
        ):
            let_in(app, name, f"{name}s-token", Role.ENGINEER, frozenset(areas))
        let_in(app, "view", "views-token", Role.VIEWER, frozenset({"TA-1"}))
        with connect(plain_database_url) as connection:
            connection.execute("UPDATE account SET disabled_at = %s WHERE name = 'carl'", (NOW,))
            found = find_account(connection, "zhao")
        assert found is not None
        caller = Caller(account=found[0], address="", session=1)
        request = Request({"type": "http", "app": app})
        names = [each.name for each in colleagues_of_request(request, caller)]
    # Of TA-1: zhao itself, anna, and the tester, who sees everything; carl is shut, bert sees TA-2 alone,
    # and the viewer could not work on what it is given.
    assert names == ["zhao", "anna", TESTER]
