"""Managing accounts (账号管理): who may come in, as what, for which areas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from dashboard.access import Caller, Manager
from dashboard.account_words import ROLES, problem_told
from dashboard.asking import Asking, Managing
from dashboard.failures import NotFoundError
from dashboard.pages.account import require_password
from dashboard.rendering import page, path_of
from dashboard.shown_once import NOTHING, Outcome, lead_on, once, outcome_of
from dashboard.words import marked
from pipeline.accounts import AccessError, Account, Problem, Role, may_manage
from pipeline.errors import DataError
from services.accounts import NewAccount, add_account, change_account, set_password, state_of
from services.api_tokens import end_token, is_alive
from services.passwords import generate_password
from storage.accounts import find_account, known_areas, list_accounts
from storage.api_tokens import tokens_of
from storage.database import Connection

router = APIRouter(include_in_schema=False)


class AccountForm(BaseModel):
    """What the form of an account sends."""

    name: Annotated[str, Field(max_length=200)] = ""
    full_name: Annotated[str, Field(max_length=200)] = ""
    role: Role = Role.VIEWER
    sees: Literal["all", "some"] = "some"
    areas: list[str] = []
    state: Literal["open", "shut"] = "open"
    seen: Annotated[str, Field(max_length=64)] = ""
    """Of a change: the digest of the account as the page showed it."""

    def chosen_areas(self) -> frozenset[str] | None:
        """Return the areas; None for all.

        Raises:
            AccessError: If none was chosen.
        """
        if self.sees == "all":
            return None
        if not self.areas:
            raise AccessError(Problem.NO_AREA, "no area was chosen")
        return frozenset(self.areas)


class OtherPasswordForm(BaseModel):
    """What the form of another password sends."""

    present: Annotated[str, Field(max_length=1000)] = ""
    """The administrator's own, where it is their own account."""


@router.get("/accounts", name="accounts", response_class=HTMLResponse)
def show_accounts(asking: Managing, manager: Manager) -> HTMLResponse:
    """Show the accounts that the administrator may manage, and the form of a new one."""
    return _list(asking, manager)


@router.post("/accounts", name="add_account", response_class=HTMLResponse)
def make_account(writing: Managing, manager: Manager, form: Annotated[AccountForm, Form()]) -> Response:
    """Add an account with a generated password, which is shown once."""
    password = generate_password()
    try:
        areas = form.chosen_areas()
        _require_own(manager, areas)
        wanted = NewAccount(name=form.name, full_name=form.full_name, role=form.role, areas=areas)
        account = add_account(writing.connection, wanted, password, manager.person, writing.now)
    except AccessError as error:
        return _list(writing, manager, typed=form, problem=problem_told(error, writing.formats))
    return lead_on(writing.request, _address_of(account), Outcome(secret=password))


@router.get("/accounts/{name}", name="account_of", response_class=HTMLResponse)
def show_one(asking: Managing, manager: Manager, name: str) -> HTMLResponse:
    """Show one account."""
    request, account = asking.request, managed(asking.connection, manager, name)
    return once(request, _one(asking, manager, account, outcome=outcome_of(request)))


@router.post("/accounts/{name}", name="change_account", response_class=HTMLResponse)
def change_one(
    writing: Managing, manager: Manager, name: str, form: Annotated[AccountForm, Form()]
) -> Response:
    """Change what an account may do and see, or shut it; it holds at once."""
    before = managed(writing.connection, manager, name)
    try:
        areas = form.chosen_areas()
        _require_own(manager, areas)
        shut = (before.disabled_at or writing.now) if form.state == "shut" else None
        after = replace(before, full_name=form.full_name, role=form.role, areas=areas, disabled_at=shut)
        account = change_account(
            writing.connection, after, manager.person, writing.now, manager=manager.account, seen=form.seen
        )
    except AccessError as error:
        present = managed(writing.connection, manager, name)
        # What somebody else has changed meanwhile is to be looked at first.
        typed = None if error.problem is Problem.CHANGED else form
        return _one(writing, manager, present, problem=problem_told(error, writing.formats), typed=typed)
    return lead_on(writing.request, _address_of(account), Outcome(done=marked("Changed: it holds at once.")))


@router.post("/accounts/{name}/password", name="other_password", response_class=HTMLResponse)
def replace_password(
    writing: Managing, manager: Manager, name: str, form: Annotated[OtherPasswordForm, Form()]
) -> Response:
    """Give an account a generated password, which is shown once, and end its sessions.

    One's own is asked for first, as on the page of one's own account.
    """
    account = managed(writing.connection, manager, name)
    is_own = account.id == manager.account.id
    try:
        if is_own:
            require_password(writing, manager, form.present)
    except AccessError as error:
        return _one(writing, manager, account, problem=problem_told(error, writing.formats))
    password = generate_password()
    keep = manager.session if is_own else None
    set_password(writing.connection, account, password, manager.person, writing.now, keep_session=keep)
    return lead_on(writing.request, _address_of(account), Outcome(secret=password))


@router.post("/accounts/{name}/tokens/{token}", name="end_token_of", response_class=HTMLResponse)
def end_one_token(writing: Managing, manager: Manager, name: str, token: int) -> Response:
    """Revoke a token of an account."""
    account = managed(writing.connection, manager, name)
    try:
        end_token(writing.connection, account, token, manager.person, writing.now)
    except DataError as error:
        raise NotFoundError(marked("This token was revoked already.")) from error
    return RedirectResponse(_address_of(account), status_code=HTTPStatus.SEE_OTHER)


def managed(connection: Connection, manager: Caller, name: str) -> Account:
    """Return an account that the administrator may manage.

    Raises:
        NotFoundError: If there is none, or it sees more than the administrator does.
    """
    found = find_account(connection, name) if "\x00" not in name else None
    if found is None or not may_manage(manager.account, found[0].areas):
        raise NotFoundError(marked("There is no such account."))
    return found[0]


def managed_accounts(connection: Connection, manager: Caller) -> Sequence[Account]:
    """Return the accounts that the administrator may manage."""
    return [each for each in list_accounts(connection) if may_manage(manager.account, each.areas)]


def _address_of(account: Account) -> str:
    return path_of("accounts", account.name)


def _form_of(account: Account) -> AccountForm:
    """Return the form as it would be filled in to leave an account as it is."""
    return AccountForm(
        full_name=account.full_name,
        role=account.role,
        sees="all" if account.areas is None else "some",
        areas=sorted(account.areas or ()),
        state="open" if account.disabled_at is None else "shut",
    )


def _require_own(manager: Caller, areas: frozenset[str] | None) -> None:
    if not may_manage(manager.account, areas):
        raise AccessError(Problem.BEYOND_OWN, "nobody can give more areas than they see themselves")


def _areas(asking: Asking, manager: Caller) -> Sequence[str]:
    own = manager.account.areas
    return sorted(known_areas(asking.connection) if own is None else own)


def _list(
    asking: Asking, manager: Caller, *, typed: AccountForm | None = None, problem: str = ""
) -> HTMLResponse:
    return page(
        asking,
        "accounts.html",
        accounts=managed_accounts(asking.connection, manager),
        typed=typed or AccountForm(),
        areas=_areas(asking, manager),
        manager=manager.account,
        role_names=ROLES,
        problem=problem,
    )


def _one(  # noqa: PLR0913 - one page with what an answer to its forms adds
    asking: Asking,
    manager: Caller,
    account: Account,
    *,
    problem: str = "",
    outcome: Outcome = NOTHING,
    typed: AccountForm | None = None,
) -> HTMLResponse:
    tokens = tokens_of(asking.connection, account)
    return page(
        asking,
        "account_of.html",
        account=account,
        typed=typed or _form_of(account),
        seen=state_of(account),
        areas=_areas(asking, manager),
        manager=manager.account,
        tokens=[token for token in tokens if is_alive(token, asking.now)],
        role_names=ROLES,
        problem=problem,
        outcome=outcome,
        here=_address_of(account),
    )
