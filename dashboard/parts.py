"""Pages and endpoints, found by their files: a new one is a module with a ``router``, named nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pkgutil import iter_modules

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Route

FOLDERS = ("dashboard", "dashboard.pages")


def routers() -> Iterator[APIRouter]:
    """Yield the routers of all modules, by the modules' names."""
    for folder in FOLDERS:
        for module in sorted(
            found.name for found in iter_modules(import_module(folder).__path__, f"{folder}.")
        ):
            if module != f"{folder}.app":  # it asks us
                router = getattr(import_module(module), "router", None)
                if isinstance(router, APIRouter):
                    yield router


def joined(parts: Iterable[APIRouter]) -> APIRouter:
    """Return one router with the routes of all, in order.

    Routers that are included one by one are asked one after the other, whatever their routes say: a parameter
    of the first would take the plain addresses of the second.
    """
    router = APIRouter()
    router.routes[:] = in_order([route for part in parts for route in part.routes])
    return router


def in_order(routes: Sequence[BaseRoute]) -> list[BaseRoute]:
    """Return routes so that a plain address goes before one with a parameter in its place."""
    return sorted(routes, key=_vagueness)


def answer_heads(routes: Sequence[BaseRoute]) -> None:
    """Let pages answer HEAD as they answer GET; the server leaves the content out (RFC 9110, 9.3.2)."""
    for route in routes:
        if isinstance(route, APIRoute) and route.response_class is HTMLResponse and route.methods == {"GET"}:
            route.methods = {"GET", "HEAD"}


def _vagueness(route: BaseRoute) -> list[bool]:
    path = route.path if isinstance(route, Route) else ""
    return [part.startswith("{") for part in path.split("/")]
