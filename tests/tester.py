"""Who the tests of the dashboard are: accounts that are logged in without a password."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from fastapi import FastAPI

from dashboard.asking import Dashboard
from dashboard.cookies import SESSION
from pipeline.accounts import Role
from services.passwords import hash_password
from services.tokens import token_hash
from storage.account_sessions import SessionCard, delete_sessions, insert_session
from storage.accounts import find_account, insert_account, update_account, update_password

TESTER = "tester"
"""An administrator of all areas, known to every application that the tests serve."""
TESTERS_TOKEN = "token-of-the-tester"  # noqa: S105 - what the tests' browser has as the cookie of its session
TESTERS_COOKIES = {SESSION: TESTERS_TOKEN}


def let_in(  # noqa: PLR0913 - who somebody is
    app: FastAPI,
    name: str = TESTER,
    token: str = TESTERS_TOKEN,
    role: Role = Role.ADMINISTRATOR,
    areas: frozenset[str] | None = None,
    *,
    password: str | None = None,
) -> None:
    """Make an account in the application's database, logged in with the cookie ``token``.

    No password fits it unless one is given.
    """
    dashboard: Dashboard = app.state.dashboard
    now = dashboard.clock()
    with dashboard.connect() as connection:
        found = find_account(connection, name)
        account = (
            insert_account(
                connection,
                name=name,
                full_name="",
                role=role,
                areas=areas,
                password_hash="no password fits this",  # noqa: S106 - and none does
                now=now,
            )
            if found is None
            else replace(found[0], role=role, areas=areas, disabled_at=None)
        )
        update_account(connection, account)
        if password is not None:
            update_password(connection, account, hash_password(password), now)
        delete_sessions(connection, account)
        card = SessionCard(
            id=0, created_at=now, seen_at=now, expires_at=now + timedelta(days=7), address="", agent=""
        )
        insert_session(connection, token_hash(token), account, card)
