"""Refuses a query that an address of the API does not know: a filter misspelt would return everything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from dashboard.failures import WrongAddressError

API: Final = "/api/"
EVERYWHERE: Final = frozenset({"lang"})
"""What every address takes."""


def refuse_unknown_names(request: Request) -> None:
    """Refuse parameters of the query that the address does not take; asked of every request.

    Pages take what other pages and mail programs append to their addresses.

    Raises:
        WrongAddressError: If there are any, with those that it takes.
    """
    route = request.scope.get("route")
    if not (request.query_params and isinstance(route, APIRoute) and route.path.startswith(API)):
        return
    known = set(_names(route.dependant))
    unknown = sorted(set(request.query_params) - known - EVERYWHERE)
    if unknown:
        taken = ", ".join(sorted(known)) or "none"
        raise WrongAddressError(f"unknown in the query: {', '.join(unknown)}; known here: {taken}")


def _names(dependant: Dependant) -> Iterator[str]:
    yield from (each.alias for each in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _names(inner)
