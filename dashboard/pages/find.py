"""The search at the top of every page: meters, customers, areas and bills by name, id or number."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from dashboard.asking import Ask, Asking
from dashboard.rendering import page, path_of
from dashboard.search_text import words_of
from dashboard.words import marked
from storage.finding import FoundThing, areas_found, bills_found, customers_found, meters_found

router = APIRouter(include_in_schema=False)
MOST_SHOWN = 20
"""Of each kind; the lists of their own pages have all."""
LONGEST = 200
TITLES = {
    "meters": marked("Meters"),
    "customers": marked("Customers found"),
    "areas": marked("Areas"),
    "bills": marked("Bills"),
}


@router.get("/find", name="find", response_class=HTMLResponse)
def show_found(asking: Ask, q: Annotated[str, Query(max_length=LONGEST)] = "") -> Response:
    """Show what fits all words; one thing alone, or a meter of exactly this number, is opened at once."""
    words = words_of(q)
    found = found_by(asking, words) if words else {}
    all_found = [(kind, thing) for kind, things in found.items() for thing in things]
    exact = [(kind, thing) for kind, thing in all_found if words_of(thing.id) == words and kind != "bills"]
    opened = all_found if len(all_found) == 1 else exact if len(exact) == 1 else []
    if opened:
        return RedirectResponse(address_of(*opened[0]), status_code=HTTPStatus.SEE_OTHER)
    return page(
        asking, "find.html", q=q, found=found, titles=TITLES, address_of=address_of, most_shown=MOST_SHOWN
    )


def found_by(asking: Asking, words: list[str]) -> dict[str, list[FoundThing]]:
    """Return what fits, by its kind."""
    connection, scope = asking.connection, asking.scope
    return {
        "meters": meters_found(connection, words, scope=scope, now=asking.now, limit=MOST_SHOWN),
        "customers": customers_found(connection, words, scope=scope, limit=MOST_SHOWN),
        "areas": areas_found(connection, words, scope=scope, now=asking.now, limit=MOST_SHOWN),
        "bills": bills_found(connection, words, scope=scope, limit=MOST_SHOWN),
    }


def address_of(kind: str, thing: FoundThing) -> str:
    """Return the page of something that was found."""
    return path_of(kind, thing.id, thing.place) if kind == "bills" else path_of(kind, thing.id)
