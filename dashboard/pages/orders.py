"""Orders to meters (远程控制): who asked for what, who approved it, and what the meter shows since."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field

from dashboard import order_desk, order_words
from dashboard.access import LoggedIn, Owner, Writer, may_write
from dashboard.asking import Ask, Writing
from dashboard.order_desk import Wish
from dashboard.rendering import page, path_of
from services.order_standing import OrderStanding, OrderState

router = APIRouter(include_in_schema=False)
PAGE_LENGTH: Final = 50
LONGEST_METER: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTold:
    """An order as a page shows it."""

    standing: OrderStanding
    title: str
    """Marked words."""


class OrderForm(BaseModel):
    """What is asked for, and of which meter."""

    meter: Annotated[str, Field(max_length=LONGEST_METER)]
    order: Annotated[str, Field(max_length=20)]
    identifier: Annotated[str, Field(max_length=8)] = ""
    value: Annotated[str, Field(max_length=200)] = ""

    def wish(self) -> Wish:
        """Return what the desk takes."""
        return Wish(choice=self.order, meter=self.meter, identifier=self.identifier, value=self.value)


def told(standing: OrderStanding) -> OrderTold:
    """Return an order with its title."""
    return OrderTold(standing=standing, title=order_words.title_of(standing.record.order))


@router.get("/orders", name="orders", response_class=HTMLResponse)
def show_orders(
    asking: Ask,
    caller: LoggedIn,
    meter: Annotated[str, Query(max_length=LONGEST_METER)] = "",
    page_number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> HTMLResponse:
    """Show the orders, the newest first, and the form that asks for one, where control is switched on."""
    settings = order_desk.desk_of(caller.person).settings
    found = order_desk.seen_orders(asking, meter)
    first = (page_number - 1) * PAGE_LENGTH
    return page(
        asking,
        "orders.html",
        orders=[told(each) for each in found[first : first + PAGE_LENGTH]],
        total=len(found),
        pages=max(-(-len(found) // PAGE_LENGTH), 1),
        page_number=page_number,
        meter=meter,
        is_on=bool(settings.allow_writes),
        choices={key: order_words.OFFERED[key].title for key in order_desk.offered(settings)},
        may_write=may_write(asking.request),
        order_words=order_words,
    )


@router.post("/orders", name="ask_order", response_class=HTMLResponse)
def ask_order(writer: Writer, writing: Writing, form: Annotated[OrderForm, Form()]) -> RedirectResponse:
    """Ask for an order, and show it: it waits for another person."""
    order = order_desk.ask_for(writing, writer, form.wish())
    return _shown_again(order)


@router.get("/orders/{order}", name="order", response_class=HTMLResponse)
def show_order(asking: Ask, caller: LoggedIn, order: str) -> HTMLResponse:
    """Show one order: its frame, who asked, who decided, and what the meter showed afterwards."""
    standing = order_desk.seen_order(asking, order)
    waits = standing.state is OrderState.WAITING
    return page(
        asking,
        "order.html",
        told=told(standing),
        standing=standing,
        waits=waits,
        hindrance=order_desk.hindrance_of(standing, order_desk.desk_of(caller.person)),
        may_write=may_write(asking.request),
        order_words=order_words,
    )


@router.post("/orders/{order}/approval", name="approve_order", response_class=HTMLResponse)
def approve_order(_owner: Owner, writer: Writer, writing: Writing, order: str) -> RedirectResponse:
    """Approve another person's order: it is given at once, and the page shows what came of it."""
    order_desk.approve(writing, writer, order)
    return _shown_again(order)


@router.post("/orders/{order}/cancellation", name="cancel_order", response_class=HTMLResponse)
def cancel_order(writer: Writer, writing: Writing, order: str) -> RedirectResponse:
    """Withdraw or turn down an order that waits."""
    order_desk.cancel(writing, writer, order)
    return _shown_again(order)


def _shown_again(order: str) -> RedirectResponse:
    return RedirectResponse(path_of("orders", order), status_code=HTTPStatus.SEE_OTHER)
