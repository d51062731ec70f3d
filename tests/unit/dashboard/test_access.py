"""Who may do what: the roles, and the person that a record names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fastapi import Request

from dashboard.access import (
    Caller,
    NotAllowedError,
    NotLoggedInError,
    administrator_of_request,
    caller_of_request,
    may_write,
    named,
    scope_of_request,
    writer_of_request,
)
from pipeline.accounts import Account, Role
from services.persons import Person

SINCE = datetime(2026, 11, 1, tzinfo=UTC)


def caller(role: Role, areas: frozenset[str] | None = None) -> Caller:
    account = Account(
        id=1,
        name="wang",
        full_name="王芳",
        role=role,
        areas=areas,
        created_at=SINCE,
        password_set_at=SINCE,
    )
    return Caller(account=account, address="192.0.2.7", session=1, secret="cookie")  # noqa: S106 - none


def request(known: Caller | None) -> Request:
    return Request({"type": "http", "headers": [], "state": {"caller": known}})


@pytest.mark.parametrize(
    ("role", "writes", "manages"),
    [(Role.VIEWER, False, False), (Role.ENGINEER, True, False), (Role.ADMINISTRATOR, True, True)],
)
def test_each_role_may_do_what_those_before_it_may(role: Role, *, writes: bool, manages: bool) -> None:
    known = caller(role)
    assert may_write(request(known)) is writes
    if writes:
        assert writer_of_request(known).shown == "王芳 (wang@192.0.2.7)"
    else:
        with pytest.raises(NotAllowedError, match="may only read"):
            writer_of_request(known)
    if manages:
        assert administrator_of_request(known) is known
    else:
        with pytest.raises(NotAllowedError, match="Only administrators"):
            administrator_of_request(known)


def test_nobody_known_may_do_nothing() -> None:
    assert not may_write(request(None))
    with pytest.raises(NotLoggedInError):
        caller_of_request(request(None))


def test_a_request_that_never_passed_the_gate_is_nobodys() -> None:
    with pytest.raises(NotLoggedInError):
        caller_of_request(Request({"type": "http", "headers": []}))


def test_the_scope_is_the_accounts() -> None:
    assert scope_of_request(caller(Role.VIEWER, frozenset({"TA-01"}))).areas == frozenset({"TA-01"})
    assert scope_of_request(caller(Role.VIEWER)).areas is None


def test_a_name_is_told_where_the_account_has_none_and_bounded() -> None:
    assert named(Person(account="li", host="desk"), "  Wang \n Fang ").shown == "Wang Fang (li@desk)"
    assert named(Person(account="li", host="desk", name="李"), "Wang").shown == "李 (li@desk)"
    assert len(named(Person(account="li"), "x" * 500).name) == 80
