"""Whom work can be given to (派工): accounts that may do it, and see something of what the caller sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Request

from dashboard.access import LoggedIn
from dashboard.asking import Dashboard
from pipeline.accounts import Account, Role
from storage.accounts import list_accounts


def colleagues_of_request(request: Request, caller: LoggedIn) -> Sequence[Account]:
    """Return the accounts that may work on something in an area of the caller's, the caller's own first."""
    dashboard: Dashboard = request.app.state.dashboard
    # A connection that is limited to areas may not look at accounts, so this one is given back before.
    with dashboard.pool.connection() as connection:
        accounts = list_accounts(connection)
    own = caller.account
    known = [each for each in accounts if each.disabled_at is None and _works(each) and _share(each, own)]
    return sorted(known, key=lambda each: (each.name != own.name, each.name))


Colleagues = Annotated[Sequence[Account], Depends(colleagues_of_request)]
"""To be asked for before the connection that a page reads by: one request must not wait holding another."""


def who_may_see(accounts: Sequence[Account], area: str | None) -> Sequence[Account]:
    """Return those that may see an area; what has no area is seen by those who see everything."""
    return [each for each in accounts if each.areas is None or area in each.areas]


def _works(account: Account) -> bool:
    return account.role.includes(Role.ENGINEER)


def _share(one: Account, other: Account) -> bool:
    return one.areas is None or other.areas is None or bool(one.areas & other.areas)
