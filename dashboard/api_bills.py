"""Bills (电费账单) as JSON, with everything that they are traced by, for accounting and other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from dashboard.asking import Ask, Asking
from dashboard.pages.bills import bill_of, change_of, interim_of
from dashboard.paging import Paged
from storage.bills import BillCard, BillFilter, bill_cards, bill_total
from storage.interim_bills import interim_bills, interim_document

router = APIRouter(tags=["api"])


@dataclass(frozen=True, kw_only=True)
class BillQuestion:
    """Which bills."""

    month: Annotated[str | None, Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")] = None
    point: str | None = None
    final: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BillPage:
    """A part of the list: the newest version of each bill."""

    total: int
    bills: Sequence[BillCard]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiChange:
    """What a version charges beyond the one given out before it."""

    version: int
    """Which one that was."""
    energy_kwh: Decimal
    amount: Decimal
    lines: Sequence[Mapping[str, Any]]  # Any: JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiInterim:
    """An interim bill (分次结算): energy alone, given out before the month's own bill, which takes it off."""

    until: date
    """The first local day that it does not bill."""
    starts_at: datetime
    ends_at: datetime
    made_at: datetime
    energy_kwh: Decimal
    """Since the month's opening."""
    amount: Decimal
    """Less what earlier interim bills of the month took."""
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiInterimBills:
    """All of a month, at most one a day."""

    interim: Sequence[ApiInterim]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiInterimBill:
    """One interim bill whole; numbers in ``bill`` are texts, as in a month's own."""

    made_at: datetime
    bill: Mapping[str, Any]  # Any: JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiBill:
    """One version of a bill; numbers in ``bill`` are texts, so that no digit is lost."""

    version: int
    versions: Sequence[int]
    made_at: datetime
    bill: Mapping[str, Any]  # Any: JSON
    change: ApiChange | None
    interim: Sequence[ApiInterim]
    """What was given out of the month before."""


@router.get("/api/bills")
def api_bills(asking: Ask, paging: Paged, question: Annotated[BillQuestion, Depends()]) -> BillPage:
    """Return bills, the newest months first; ``final`` tells those that may be given out from the others."""
    wanted = BillFilter(month=question.month, service_point=question.point, is_final=question.final)
    cards = bill_cards(
        asking.connection, wanted, scope=asking.scope, limit=paging.limit, offset=paging.offset
    )
    total = bill_total(asking.connection, wanted, scope=asking.scope)
    paging.tell(total)
    return BillPage(total=total, bills=cards)


@router.get("/api/bills/{point}/{month}")
def api_bill(
    asking: Ask, point: str, month: str, version: Annotated[int | None, Query(ge=1)] = None
) -> ApiBill:
    """Return one bill with all it is traced by, and the difference to the version given out before."""
    stored, versions = bill_of(asking, point, month, version)
    change = change_of(stored, versions)
    return ApiBill(
        version=stored.version,
        versions=[each.version for each in versions],
        made_at=stored.made_at,
        bill=stored.document,
        change=None
        if change is None
        else ApiChange(
            version=change.since,
            energy_kwh=change.owed.energy_kwh,
            amount=change.owed.amount,
            lines=[
                {
                    "item": line.item,
                    "period": line.period,
                    "unit": line.unit,
                    "quantity_before": line.quantity_before,
                    "quantity_after": line.quantity_after,
                    "amount_before": line.amount_before,
                    "amount_after": line.amount_after,
                    "amount": line.amount,
                }
                for line in change.owed.lines
            ],
        ),
        interim=_interim_of(asking, point, month),
    )


@router.get("/api/bills/{point}/{month}/interim")
def api_interim_bills(asking: Ask, point: str, month: str) -> ApiInterimBills:
    """Return the interim bills of a month, the earliest first, whether or not the month is billed.

    Raises:
        NotFoundError: If neither they nor the month's bill are there.
    """
    interim = _interim_of(asking, point, month)
    if not interim:
        bill_of(asking, point, month)
    return ApiInterimBills(interim=interim)


@router.get("/api/bills/{point}/{month}/interim/{until}")
def api_interim_bill(asking: Ask, point: str, month: str, until: date) -> ApiInterimBill:
    """Return one interim bill with all it is traced by, by the first day that it does not bill."""
    found = interim_of(interim_bills(asking.connection, point, month, scope=asking.scope), until)
    return ApiInterimBill(made_at=found.made_at, bill=interim_document(asking.connection, found))


def _interim_of(asking: Asking, point: str, month: str) -> list[ApiInterim]:
    return [
        ApiInterim(
            until=each.until,
            starts_at=each.starts_at,
            ends_at=each.ends_at,
            made_at=each.made_at,
            energy_kwh=each.energy_kwh,
            amount=each.amount,
            currency=each.currency,
        )
        for each in interim_bills(asking.connection, point, month, scope=asking.scope)
    ]
