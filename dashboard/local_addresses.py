"""Addresses on this server that somebody is led back to: where they wanted to go, where their form stood."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request

LONGEST = 2000
"""Characters of an address that the login keeps."""


def local_address(wish: str) -> str:
    """Return an address on this server: whatever could lead elsewhere becomes the overview."""
    # Browsers read "\\" as "/" and skip control characters, so "/\t/elsewhere" would be another server.
    is_plain = wish.isprintable() and "\\" not in wish
    is_local = is_plain and wish.startswith("/") and not wish.startswith("//")
    return wish if is_local and urlsplit(wish).path != "/login" else "/"


def page_before(request: Request) -> str:
    """Return the page that a form was sent from, as the browser says; the overview where it does not.

    Our own answers ask browsers to say so within this server (``Referrer-Policy: same-origin``).
    """
    try:
        sent_from = urlsplit(request.headers.get("referer", ""))
    except ValueError:  # a host in brackets that is no address
        return "/"
    if sent_from.netloc != request.url.netloc:
        return "/"
    where = sent_from.path + (f"?{sent_from.query}" if sent_from.query else "")
    return local_address(where) if len(where) <= LONGEST else "/"
