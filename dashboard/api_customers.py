"""Large customers (大客户) and their sheets as JSON, for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from dashboard.asked_times import MonthName
from dashboard.asking import Ask
from dashboard.pages.customers import month_of, sheet_of_customer
from dashboard.paging import Paged
from dashboard.search_text import SearchText
from reports.customers.document import sheet_document
from reports.customers.write import json_bytes
from storage.customers import LEAST_KVA, CustomerFilter, Sort, customer_cards, customer_total

router = APIRouter(tags=["api"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCustomer:
    """One customer's month: ``price`` is yuan/kWh of its bills, ``kwh`` billed, else of intervals."""

    customer: str
    service_points: Sequence[str]
    category: str | None
    capacity_kva: float | None
    kwh: Decimal | None
    is_billed: bool
    amount: Decimal | None
    price: Decimal | None
    open_episodes: int
    worst_severity: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerPage:
    """A part of the list."""

    month: str
    total: int
    customers: Sequence[ApiCustomer]


@router.get("/api/customers")
def api_customers(  # noqa: PLR0913 - one question with all that bounds it
    asking: Ask,
    paging: Paged,
    *,
    q: SearchText = "",
    month: MonthName = "",
    sort: Sort = Sort.KWH,
    least_kva: Annotated[float, Query(ge=0)] = LEAST_KVA,
) -> CustomerPage:
    """Return customers with at least so much contracted capacity."""
    wanted = CustomerFilter(month=month_of(month, asking), search=q, least_kva=least_kva)
    cards = customer_cards(
        asking.connection, wanted, sort, scope=asking.scope, limit=paging.limit, offset=paging.offset
    )
    total = customer_total(asking.connection, wanted, scope=asking.scope)
    paging.tell(total)
    return CustomerPage(
        month=f"{wanted.month:%Y-%m}",
        total=total,
        customers=[
            ApiCustomer(
                customer=card.customer,
                service_points=card.points,
                category=card.category,
                capacity_kva=card.capacity_kva,
                kwh=card.kwh,
                is_billed=card.is_billed,
                amount=card.amount,
                price=card.price,
                open_episodes=card.episodes,
                worst_severity=card.severity,
            )
            for card in cards
        ],
    )


@router.get("/api/customers/{customer:path}", response_model=dict[str, Any])  # Any: JSON
def api_customer(asking: Ask, customer: str, month: MonthName = "") -> Response:
    """Return one customer's sheet: facts, tables and notes by section, with codes beside the texts."""
    document = sheet_document(sheet_of_customer(asking, customer, month).sheet)
    return Response(json_bytes(document), media_type="application/json")
