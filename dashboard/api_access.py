"""Accounts and the audit as JSON, for programs that watch over who comes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from dashboard.access import Administrator, LoggedIn
from dashboard.asking import Managing
from dashboard.pages.accounts import managed_accounts
from dashboard.pages.audit import Chosen, ReaderOfAudit
from dashboard.paging import Paged
from pipeline.accounts import Account
from storage.access_events import AccessEvent, access_event_total, access_events

router = APIRouter(tags=["api"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAccount:
    """An account; ``areas`` is null for all."""

    name: str
    full_name: str
    role: str
    areas: Sequence[str] | None
    created_at: datetime
    password_set_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """One line of the audit; ``account`` is empty where nobody came in.

    ``token`` is the number of the account's token where a program came with one.
    """

    number: int
    at: datetime
    event: str
    account: str
    address: str
    token: int | None
    token_name: str | None
    subject: str
    before: dict[str, Any] | None  # Any: JSON
    after: dict[str, Any] | None  # Any: JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """A part of the audit."""

    total: int
    lines: Sequence[AuditLine]


@router.get("/api/account")
def api_account(caller: LoggedIn) -> ApiAccount:
    """Return the account that asks; of a token, what it may of its owner's."""
    return _api_account(caller.account)


@router.get("/api/accounts")
def api_accounts(asking: Managing, paging: Paged, manager: Administrator) -> Sequence[ApiAccount]:
    """Return the accounts that an administrator may manage."""
    accounts = managed_accounts(asking.connection, manager)
    return [_api_account(account) for account in paging.part_of(accounts)]


@router.get("/api/audit")
def api_audit(
    asking: Managing,
    _reader: ReaderOfAudit,
    paging: Paged,
    chosen: Annotated[Chosen, Depends()],
) -> AuditPage:
    """Return lines of the audit, the newest first; only administrators of all areas read it."""
    total = access_event_total(asking.connection, **chosen.narrowed)
    paging.tell(total)
    found = access_events(asking.connection, **chosen.narrowed, limit=paging.limit, offset=paging.offset)
    return AuditPage(
        total=total,
        lines=[_line(event) for event in found],
    )


def _line(event: AccessEvent) -> AuditLine:
    return AuditLine(
        number=event.number,
        at=event.at,
        event=event.event,
        account=event.account,
        address=event.address,
        token=event.token,
        token_name=event.token_name,
        subject=event.subject,
        before=None if event.before is None else dict(event.before),
        after=None if event.after is None else dict(event.after),
    )


def _api_account(account: Account) -> ApiAccount:
    return ApiAccount(
        name=account.name,
        full_name=account.full_name,
        role=account.role.value,
        areas=None if account.areas is None else sorted(account.areas),
        created_at=account.created_at,
        password_set_at=account.password_set_at,
        disabled_at=account.disabled_at,
    )
