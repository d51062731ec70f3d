"""Every address of the application, also those of routers that were included and of mounted folders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts


@dataclass(frozen=True, slots=True)
class Address:
    """One address as the application declares it."""

    path: str
    methods: frozenset[str]
    dependant: Dependant | None
    """What its endpoint asks for; None for a mounted folder or a bare route."""


def queries_wanted(address: Address) -> list[str]:
    """Return the names of the queries without which an address does not answer."""
    return [] if address.dependant is None else _wanted(address.dependant)


def _wanted(dependant: Dependant) -> list[str]:
    own = [field.alias for field in dependant.query_params if field.field_info.is_required()]
    return [*own, *(name for each in dependant.dependencies for name in _wanted(each))]


def addresses_of(app: FastAPI) -> Iterator[Address]:
    """Yield every address of an application."""
    for context in iter_route_contexts(app.routes):
        yield Address(
            path=str(context.path),
            methods=frozenset(context.methods or {"GET"}),
            dependant=getattr(context, "dependant", None),
        )
