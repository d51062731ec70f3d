"""One's own account (我的账号): password, sessions and tokens."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from dashboard.access import Caller, Owner
from dashboard.account_words import ROLES, problem_told
from dashboard.asking import Asking, Managing
from dashboard.failures import NotFoundError
from dashboard.refused_forms import Typed, typed_in
from dashboard.rendering import page
from dashboard.shown_once import NOTHING, Outcome, lead_on, once, outcome_of
from dashboard.words import marked
from pipeline.accounts import AccessError, Problem, Role
from pipeline.errors import DataError
from services.accounts import set_password
from services.api_tokens import LONGEST_DAYS, NewToken, add_token, end_token, is_alive
from services.login import Visitor, end_session, try_to_log_in
from storage.account_sessions import sessions_of
from storage.accounts import known_areas
from storage.api_tokens import tokens_of

router = APIRouter(include_in_schema=False)
HERE = "/account"
DAYS = 90
"""That a token lasts unless one says otherwise."""


class PasswordForm(BaseModel):
    """What the form of the password sends."""

    present: Annotated[str, Field(max_length=1000)] = ""
    password: Annotated[str, Field(max_length=1000)] = ""
    repeated: Annotated[str, Field(max_length=1000)] = ""


class TokenForm(BaseModel):
    """What the form of a new token sends; no area chosen: all that its owner sees."""

    name: Annotated[str, Field(max_length=200)] = ""
    present: Annotated[str, Field(max_length=1000)] = ""
    role: Role = Role.VIEWER
    areas: list[str] = []
    days: Annotated[int, Field(ge=0, le=10_000)] = DAYS

    def typed(self) -> Typed:
        """Return what may stand in its fields again."""
        fields: dict[str, Sequence[str]] = {
            "name": [self.name],
            "role": [self.role],
            "areas": self.areas,
            "days": [str(self.days)],
        }
        return Typed(fields=fields)


@router.get(HERE, name="account", response_class=HTMLResponse)
def show_account(asking: Managing, owner: Owner) -> HTMLResponse:
    """Show one's own account."""
    request = asking.request
    return once(request, _page(asking, owner, outcome=outcome_of(request)))


@router.post(f"{HERE}/password", name="own_password", response_class=HTMLResponse)
def change_password(writing: Managing, owner: Owner, form: Annotated[PasswordForm, Form()]) -> Response:
    """Take another password; the present one is asked for, and every other session ends."""
    account, now = owner.account, writing.now
    try:
        _require_password_twice(form)
        require_password(writing, owner, form.present)
        set_password(
            writing.connection, account, form.password, owner.person, now, keep_session=owner.session
        )
    except AccessError as error:
        return _page(writing, owner, problem=problem_told(error, writing.formats))
    done = marked("The password is changed; every other session has ended.")
    return lead_on(writing.request, HERE, Outcome(done=done))


@router.post(f"{HERE}/sessions/{{session}}", name="end_session")
def end_own_session(writing: Managing, owner: Owner, session: int) -> Response:
    """End one of one's own sessions."""
    if not end_session(writing.connection, owner.account, session, owner.person, writing.now):
        raise NotFoundError(marked("This session has ended already."))
    return RedirectResponse(HERE, status_code=HTTPStatus.SEE_OTHER)


@router.post(f"{HERE}/tokens", name="add_token", response_class=HTMLResponse)
def make_token(writing: Managing, owner: Owner, form: Annotated[TokenForm, Form()]) -> Response:
    """Make a token and show it, once; the password is asked for, since a token outlives the session."""
    areas = frozenset(form.areas) if form.areas else None
    wanted = NewToken(name=form.name, role=form.role, areas=areas, days=form.days)
    try:
        require_password(writing, owner, form.present)
        token = add_token(writing.connection, owner.account, wanted, owner.person, writing.now)
    except AccessError as error:
        return _page(writing, owner, problem=problem_told(error, writing.formats), typed=form.typed())
    return lead_on(writing.request, HERE, Outcome(secret=token))


@router.post(f"{HERE}/tokens/{{token}}", name="end_token")
def end_own_token(writing: Managing, owner: Owner, token: int) -> Response:
    """Revoke one of one's own tokens."""
    try:
        end_token(writing.connection, owner.account, token, owner.person, writing.now)
    except DataError as error:
        raise NotFoundError(marked("This token was revoked already.")) from error
    return RedirectResponse(HERE, status_code=HTTPStatus.SEE_OTHER)


def _require_password_twice(form: PasswordForm) -> None:
    if form.password != form.repeated:
        raise AccessError(Problem.PASSWORD_REPEATED, "the two new passwords differ")


def require_password(writing: Managing, owner: Caller, present: str) -> None:
    """Have the caller's present password, for what outlives a session that somebody left open.

    Raises:
        AccessError: If it is another one, or too many attempts failed.
    """
    # Counted like a login: a browser that somebody left open is no place to guess at.
    visitor = Visitor(address=owner.address)
    answer = try_to_log_in(writing.connection, owner.account.name, present, visitor, writing.now)
    if answer.wait:
        raise AccessError(Problem.PASSWORD_LATER, "too many attempts that failed")
    if answer.account is None:
        raise AccessError(Problem.PASSWORD_PRESENT, "the present password is another one")


def _page(
    asking: Asking,
    owner: Caller,
    *,
    problem: str = "",
    outcome: Outcome = NOTHING,
    typed: Typed | None = None,
) -> HTMLResponse:
    account = owner.account
    return page(
        asking,
        "account.html",
        account=account,
        sessions=sessions_of(asking.connection, account, asking.now),
        session=owner.session,
        tokens=[token for token in tokens_of(asking.connection, account) if is_alive(token, asking.now)],
        roles=_roles_of(account.role),
        areas=sorted(known_areas(asking.connection) if account.areas is None else account.areas),
        role_names=ROLES,
        days=DAYS,
        longest_days=LONGEST_DAYS,
        problem=problem,
        outcome=outcome,
        typed=typed or typed_in(asking.request, f"{HERE}/tokens"),
        here=HERE,
    )


def _roles_of(most: Role) -> Sequence[Role]:
    return [role for role in Role if most.includes(role)]
