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


def addresses_of(app: FastAPI) -> Iterator[Address]:
    """Yield every address of an application."""
    for context in iter_route_contexts(app.routes):
        yield Address(
            path=str(context.path),
            methods=frozenset(context.methods or {"GET"}),
            dependant=getattr(context, "dependant", None),
        )
