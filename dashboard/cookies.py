"""The cookies of a session and of the form that opens one: no script reads them, no other site sends them."""

from __future__ import annotations

from datetime import timedelta

from fastapi import Request, Response

SESSION, BEFORE = "kilowatch_session", "kilowatch_before"
"""Of somebody who is logged in, and of the login form before that."""
_HOST_ONLY = "__Host-"
"""Browsers take a cookie of such a name only over TLS and from this very host (RFC 6265bis, 4.1.3.2)."""


def cookie_of(request: Request, name: str) -> str:
    """Return what a cookie holds; empty where there is none."""
    return request.cookies.get(_name(request, name), "")


def give_cookie(request: Request, response: Response, name: str, value: str, life: timedelta) -> None:
    """Have the browser keep a cookie."""
    response.set_cookie(
        _name(request, name),
        value,
        max_age=int(life.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=is_over_tls(request),
        path="/",
    )


def take_cookie(request: Request, response: Response, name: str) -> None:
    """Have the browser forget a cookie."""
    response.delete_cookie(
        _name(request, name), httponly=True, samesite="lax", secure=is_over_tls(request), path="/"
    )


def is_over_tls(request: Request) -> bool:
    """Tell whether the browser came over TLS: to this server, or to a proxy that it trusts."""
    return request.url.scheme == "https"


def _name(request: Request, name: str) -> str:
    return _HOST_ONLY + name if is_over_tls(request) else name
