"""Keeps other sites from sending forms in the name of whoever is logged in (CSRF, 跨站请求伪造).

Each form holds a secret that is derived from the cookie of the session, which other sites cannot read. A
program with a token has no cookie that a browser would send by itself, so it needs none.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

from fastapi import Request
from markupsafe import Markup

from dashboard.access import NotAllowedError
from dashboard.words import marked

FIELD, HEADER = "csrf", "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PURPOSE = b"kilowatch form"
_LENGTH = hashlib.sha256().digest_size


def form_secret(cookie: str) -> str:
    """Return what a form of this session holds: other bytes each time, so that compression tells nothing."""
    pad = secrets.token_bytes(_LENGTH)
    return base64.urlsafe_b64encode(pad + _xor(pad, _secret(cookie))).decode("ascii")


def is_secret_of(sent: str, cookie: str) -> bool:
    """Tell whether a form that was sent had been given to this session."""
    try:
        raw = base64.b64decode(sent.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return False
    if len(raw) != 2 * _LENGTH:
        return False
    return hmac.compare_digest(_xor(raw[:_LENGTH], raw[_LENGTH:]), _secret(cookie))


def csrf_field(request: Request) -> Markup:
    """Return the hidden field that every form with ``method="post"`` begins with."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, csrf_secret(request))


def csrf_secret(request: Request) -> str:
    """Return the secret for a request that a script sends, as the header ``X-CSRF-Token``."""
    cookie: str = getattr(request.state, "form_cookie", "")
    return form_secret(cookie) if cookie else ""


async def refuse_forged(request: Request) -> None:
    """Refuse what changes something and was not sent by a page of ours; asked of every request.

    Raises:
        NotAllowedError: If the sender is not known to be such a page.
    """
    cookie: str = getattr(request.state, "form_cookie", "")
    if request.method in SAFE_METHODS or not cookie:
        return  # without a cookie there is nothing to abuse: the gate has let in a program, or nobody
    if _is_from_elsewhere(request) or not is_secret_of(await _sent(request), cookie):
        raise NotAllowedError(
            marked("This form is too old, or another site sent it: load the page again and repeat.")
        )


async def _sent(request: Request) -> str:
    header = request.headers.get(HEADER)
    if header is not None:
        return header
    value = (await request.form()).get(FIELD)
    return value if isinstance(value, str) else ""


def _is_from_elsewhere(request: Request) -> bool:
    origin = request.headers.get("origin")
    return request.headers.get("sec-fetch-site") == "cross-site" or (
        origin is not None and origin.partition("://")[2] != request.url.netloc
    )


def _secret(cookie: str) -> bytes:
    return hmac.digest(cookie.encode("utf-8", "surrogatepass"), _PURPOSE, "sha256")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
