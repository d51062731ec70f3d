"""Who may see what, and who may write: the one place that gives a request its scope and its person."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from ipaddress import ip_address
from typing import Annotated

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from dashboard.words import marked
from pipeline.model import EVERYTHING, Scope
from services.persons import Person, this_person

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")
"""Headers of a proxy: behind one nobody knows who sits at the other end. One that sets none looks like this
host: ``docs/detection.md`` says what to set."""


class NotAllowedError(HTTPException):
    """The caller may not write; the text says where it is done instead."""

    def __init__(self, explanation: str) -> None:
        """Take a marked sentence that says what to do."""
        super().__init__(HTTPStatus.FORBIDDEN, explanation)


def scope_of_request() -> Scope:
    """Return the areas (台区) the caller may see.

    There is no login yet and the server listens on the loopback address, so it is everything; a login
    changes this function and nothing else, because every query takes its scope from here.
    """
    return EVERYTHING


CallerScope = Annotated[Scope, Depends(scope_of_request)]


def may_write(request: Request) -> bool:
    """Tell whether the caller may file feedback: there is no login yet, so only at the server's own host.

    A browser at another host, or behind a proxy, reads. So does a page of somebody else's that makes the
    browser send a form (``Origin``), also one whose name was pointed at this host (``Host``).
    """
    origin = request.headers.get("origin")
    return (
        request.client is not None
        and _is_this_host(request.client.host)
        and _is_this_host(request.url.hostname or "")
        and not any(name in request.headers for name in FORWARDED)
        and (origin is None or origin.partition("://")[2] == request.url.netloc)
    )


def writer_of_request(request: Request) -> Person:
    """Return who writes: the account that the server runs under, until a login tells more.

    Raises:
        NotAllowedError: If the caller may only read.
    """
    if not may_write(request):
        raise NotAllowedError(
            marked(
                "Feedback is filed at the server's own host: open the pages there, or use kilowatch feedback."
            )
        )
    return this_person()


def named(person: Person, name: str) -> Person:
    """Return a person with what they call themselves."""
    return replace(person, name=" ".join(name.split())[:80])


Writer = Annotated[Person, Depends(writer_of_request)]


def _is_this_host(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
