"""Who may see what, and who may write: the one place that gives a request its account, scope and person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from dashboard.words import marked
from pipeline.accounts import Account, Role
from pipeline.model import Scope
from services.accounts import full_name
from services.persons import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who a request comes from: found once by ``dashboard.gate``, before anything else looks at it."""

    account: Account
    address: str
    session: int | None
    """The session of its cookie; None for a program with a token."""
    secret: str = ""
    """What its cookie holds: forms are bound to it."""
    token: int | None = None
    """The token of a program."""

    @property
    def person(self) -> Person:
        """The same as those know it who keep a record of what people decide."""
        return Person(account=self.account.name, host=self.address, name=self.account.full_name)


class NotAllowedError(HTTPException):
    """The caller may not do this; the text says who may."""

    def __init__(self, explanation: str, particulars: str = "") -> None:
        """Take a marked sentence that says what to do, and in English what exactly is the matter."""
        super().__init__(HTTPStatus.FORBIDDEN, explanation)
        self.particulars = particulars


class NotLoggedInError(HTTPException):
    """Nobody is known to have sent this."""

    def __init__(self) -> None:
        """Say how one comes in."""
        super().__init__(
            HTTPStatus.UNAUTHORIZED, marked("Log in first, or send a token: Authorization: Bearer ...")
        )


def known_caller(request: Request) -> Caller | None:
    """Return who sent a request; None on the few pages that are open to everybody."""
    caller: Caller | None = getattr(request.state, "caller", None)
    return caller


def caller_of_request(request: Request) -> Caller:
    """Return who sent a request.

    Raises:
        NotLoggedInError: If nobody knows.
    """
    caller = known_caller(request)
    if caller is None:
        raise NotLoggedInError
    return caller


LoggedIn = Annotated[Caller, Depends(caller_of_request)]


def scope_of_request(caller: LoggedIn) -> Scope:
    """Return the areas (台区) that the caller may see."""
    return caller.account.scope


CallerScope = Annotated[Scope, Depends(scope_of_request)]


def may(request: Request, role: Role) -> bool:
    """Tell whether the caller may do what a role may."""
    caller = known_caller(request)
    return caller is not None and caller.account.role.includes(role)


def owner_of_request(caller: LoggedIn) -> Caller:
    """Return who sits at the browser: passwords, sessions and tokens are theirs alone.

    Raises:
        NotAllowedError: If a program with a token asks.
    """
    if caller.session is None:
        raise NotAllowedError(
            marked("Only a person who is logged in may do this, not a program with a token.")
        )
    return caller


Owner = Annotated[Caller, Depends(owner_of_request)]


def may_write(request: Request) -> bool:
    """Tell whether the caller may file feedback and work on episodes."""
    return may(request, Role.ENGINEER)


def writer_of_request(caller: LoggedIn) -> Person:
    """Return who writes.

    Raises:
        NotAllowedError: If the caller may only read.
    """
    if not caller.account.role.includes(Role.ENGINEER):
        raise NotAllowedError(
            marked("Your account may only read: an administrator can give it the role of an engineer.")
        )
    return caller.person


def administrator_of_request(caller: LoggedIn) -> Caller:
    """Return who manages.

    Raises:
        NotAllowedError: If the caller is no administrator.
    """
    if not caller.account.role.includes(Role.ADMINISTRATOR):
        raise NotAllowedError(marked("Only administrators may do this."))
    return caller


Writer = Annotated[Person, Depends(writer_of_request)]
Administrator = Annotated[Caller, Depends(administrator_of_request)]


def manager_of_request(_owner: Owner, administrator: Administrator) -> Caller:
    """Return the administrator who sits at the browser: a program's token makes nobody an account.

    Raises:
        NotAllowedError: If the caller is no administrator, or a program with a token.
    """
    return administrator


Manager = Annotated[Caller, Depends(manager_of_request)]


def named(person: Person, name: str) -> Person:
    """Return a person with what they call themselves, where their account does not say it."""
    return person if person.name else replace(person, name=full_name(name))
