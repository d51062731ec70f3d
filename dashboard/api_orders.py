"""Orders to meters (远程控制) as JSON: programs may read and ask; a person at the browser approves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from fastapi import APIRouter

from dashboard import order_desk
from dashboard.access import Owner, Writer
from dashboard.asking import Ask, Writing
from dashboard.pages.orders import OrderForm
from dashboard.paging import Paged
from services.order_standing import OrderStanding

router = APIRouter(tags=["api"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOrder:
    """One order; ``state`` is waiting, expired, cancelled, approved or over, which has a ``result``."""

    id: str
    meter: str | None
    kind: str
    arguments: Mapping[str, str]
    url: str
    state: str
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    decided_by: str
    decided_at: datetime | None
    ended_at: datetime | None
    result: str
    detail: str
    read_back: str
    read_back_detail: str
    frames: Sequence[str]


@router.get("/api/orders")
def api_orders(asking: Ask, paging: Paged) -> Sequence[ApiOrder]:
    """Return the orders for meters of the caller's areas, the newest first."""
    return [_api_order(each) for each in paging.part_of(order_desk.seen_orders(asking))]


@router.get("/api/orders/{order}")
def api_order(asking: Ask, order: str) -> ApiOrder:
    """Return one order."""
    return _api_order(order_desk.seen_order(asking, order))


@router.post("/api/orders", status_code=HTTPStatus.CREATED, responses={404: {"description": "no such meter"}})
def api_ask(writer: Writer, writing: Writing, body: OrderForm) -> ApiOrder:
    """Ask for an order; ``order`` is a choice of the page, such as relay-open. Another person approves it."""
    order = order_desk.ask_for(writing, writer, body.wish())
    return _api_order(order_desk.seen_order(writing, order))


@router.post("/api/orders/{order}/approval")
def api_approve(_owner: Owner, writer: Writer, writing: Writing, order: str) -> ApiOrder:
    """Approve another person's order, logged in at the browser; no token does. It is given at once."""
    order_desk.approve(writing, writer, order)
    return _api_order(order_desk.seen_order(writing, order))


@router.post("/api/orders/{order}/cancellation")
def api_cancel(writer: Writer, writing: Writing, order: str) -> ApiOrder:
    """Withdraw or turn down an order that waits."""
    order_desk.cancel(writing, writer, order)
    return _api_order(order_desk.seen_order(writing, order))


def _api_order(standing: OrderStanding) -> ApiOrder:
    record = standing.record
    return ApiOrder(
        id=record.id,
        meter=standing.meter,
        kind=record.order.kind,
        arguments=record.order.arguments,
        url=record.order.url,
        state=standing.state,
        requested_by=record.requested_by.shown,
        requested_at=record.requested_at,
        expires_at=record.expires_at,
        decided_by=standing.decided_by,
        decided_at=standing.decided_at,
        ended_at=standing.ended_at,
        result=standing.result,
        detail=standing.detail,
        read_back=standing.read_back,
        read_back_detail=standing.read_back_detail,
        frames=standing.frames,
    )
