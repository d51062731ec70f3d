"""What an attacker sends, and where it can be put: every parameter of every route of the application."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, get_origin

from fastapi.dependencies.models import Dependant
from fastapi.params import Form
from fastapi.routing import APIRoute
from pydantic import BaseModel

from dashboard.parts import routers

INJECTIONS: Final[Mapping[str, str]] = {
    "sql": "%_\\%' ESCAPE '\\' OR '1'='1",
    "sql, sleep": "'; SELECT pg_sleep(20); --",
    "sql, drop": '"); DROP TABLE episode CASCADE; --',
    "html, template": '"><script>kw_attack()</script>" autofocus onfocus=kw_attack() x=\''
    "{{ 191 * 7 }}${191*7}<%= 191*7 %>#{191*7}{0.__class__.__init__.__globals__}%(n)s%n",
    "address": "javascript:kw_attack()",
    "header": "x\r\nX-Kw-Attack: 1\r\n\r\nkw",
    "long": "9" * 4000,
    "text": "\u202e\ufeff\U0001f50c e\u0301\x7f",
}
"""By kind; each is put into each parameter."""
TRAVERSALS: Final = (
    "../../../../../../etc/passwd",
    "..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "..%252f..%252f..%252fetc%252fpasswd",
    "..%5c..%5c..%5cetc%5cpasswd",
    "....//....//....//etc/passwd",
    "..%c0%af..%c0%afetc/passwd",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "../app.py",
    "..%2fapp.py",
    "%2e%2e%2fapp.py",
)
ASKED: Final[Mapping[str, str]] = {
    "since": "2026-11-19T00:00:00Z",
    "until": "2026-11-20T00:00:00Z",
    "at": "2026-11-19T12:00:00Z",
    "quantity": "voltage_a",
}
LEAKS: Final = ("root:x:0", "def create_app")
ENDS_THE_SESSION: Final = ("/logout",)
ENDLESS: Final = ("/api/live",)
"""Streams, whose parameters have tests of their own (``test_api_live``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One parameter of one operation."""

    method: str
    path: str
    parameter: str
    kind: str
    """``path``, ``query``, ``form``, ``json`` (both: a field of the body) or ``header``."""
    is_list: bool = False
    others: Mapping[str, object] = field(default_factory=dict)
    """What the other fields of a body must hold, so that it fits."""
    query: Mapping[str, str] = field(default_factory=dict)
    """What else the address asks for."""

    @property
    def in_body(self) -> bool:
        """Whether it is a field of a body."""
        return self.kind in {"form", "json"}


def routes() -> list[APIRoute]:
    """Return every route of pages and API."""
    return [
        route
        for router in routers()
        for route in router.routes
        if isinstance(route, APIRoute) and route.path not in ENDLESS
    ]


def methods_of(route: APIRoute) -> list[str]:
    """Return the methods of a route in one order."""
    return sorted(route.methods or ())


def changing(route: APIRoute) -> list[str]:
    """Return the methods of a route that may change something."""
    return [method for method in methods_of(route) if method not in {"GET", "HEAD"}]


def places() -> list[Place]:
    """Return every parameter of every route."""
    found = []
    for route in routes():
        if route.path in ENDS_THE_SESSION:
            continue
        for method in methods_of(route):
            named = {("query", "lang"), *_parameters(route.dependant)}
            found += [
                Place(method=method, path=route.path, parameter=name, kind=kind, query=query_of(route))
                for kind, name in sorted(named)
            ]
            found += _fields(method, route.path, route.dependant)
    return found


def query_of(route: APIRoute) -> Mapping[str, str]:
    """Return a query that a route takes, and of which it wants nothing more."""
    taken = {name for kind, name in _parameters(route.dependant) if kind == "query"}
    return {name: value for name, value in ASKED.items() if name in taken}


def _parameters(dependant: Dependant) -> Iterator[tuple[str, str]]:
    for kind, parameters in (
        ("path", dependant.path_params),
        ("query", dependant.query_params),
        ("header", dependant.header_params),
    ):
        for parameter in parameters:
            yield kind, parameter.alias
    for each in dependant.dependencies:
        yield from _parameters(each)


def _fields(method: str, path: str, dependant: Dependant) -> Iterator[Place]:
    """Give each field of what a route takes as a body."""
    for body in dependant.body_params:
        kind = "form" if isinstance(body.field_info, Form) else "json"
        model = body.field_info.annotation
        assert isinstance(model, type), body
        assert issubclass(model, BaseModel), body
        fitting = {
            name: _fitting(each.annotation) for name, each in model.model_fields.items() if each.is_required()
        }
        for name, each in model.model_fields.items():
            yield Place(
                method=method,
                path=path,
                parameter=name,
                kind=kind,
                is_list=get_origin(each.annotation) is list,
                others={other: value for other, value in fitting.items() if other != name},
            )
    for asked in dependant.dependencies:
        yield from _fields(method, path, asked)


def _fitting(kind: object) -> object:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind)).value
    return ["x"] if get_origin(kind) is list else "x"
