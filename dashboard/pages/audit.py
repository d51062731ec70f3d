"""The audit (审计): who did what from where, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from dashboard.access import Administrator, Caller, NotAllowedError
from dashboard.account_words import EVENTS
from dashboard.asking import Managing
from dashboard.audit_words import change_told
from dashboard.rendering import page
from dashboard.words import marked
from storage.access_events import access_event_total, access_events, event_kinds

router = APIRouter(include_in_schema=False)
PAGE_LENGTH = 100


def reader_of_audit(manager: Administrator) -> Caller:
    """Return who reads: the audit knows no areas, so only an administrator of all of them.

    Raises:
        NotAllowedError: If it is another one.
    """
    if manager.account.areas is not None:
        raise NotAllowedError(marked("Only administrators of all areas read the audit."))
    return manager


ReaderOfAudit = Annotated[Caller, Depends(reader_of_audit)]


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What the address narrows the audit to."""

    event: Annotated[str, Query(max_length=100)] = ""
    account: Annotated[str, Query(max_length=200)] = ""

    @property
    def narrowed(self) -> dict[str, str | None]:
        """Return what storage is asked for; PostgreSQL takes no NUL, and no line holds one."""
        return {
            "event": self.event.replace("\x00", "") or None,
            "account": self.account.replace("\x00", "") or None,
        }


@router.get("/audit", name="audit", response_class=HTMLResponse)
def show_audit(
    asking: Managing,
    _reader: ReaderOfAudit,
    chosen: Annotated[Chosen, Depends()],
    page_number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> HTMLResponse:
    """Show the lines that pass the filters of the address."""
    total = access_event_total(asking.connection, **chosen.narrowed)
    return page(
        asking,
        "audit.html",
        lines=access_events(
            asking.connection,
            **chosen.narrowed,
            limit=PAGE_LENGTH,
            offset=(page_number - 1) * PAGE_LENGTH,
        ),
        kinds=event_kinds(asking.connection),
        event_names=EVENTS,
        change_told=change_told,
        chosen=chosen,
        total=total,
        pages=max(-(-total // PAGE_LENGTH), 1),
        page_number=page_number,
    )
