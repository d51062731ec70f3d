"""Random tokens for cookies and programs: shown once, stored as hashes."""

from __future__ import annotations

import hashlib
import secrets

BYTES = 32
LONGEST = 128
"""Characters of a token that somebody sends; ours have fewer."""


def new_token(prefix: str = "") -> str:
    """Return a token of 256 random bits."""
    return prefix + secrets.token_urlsafe(BYTES)


def token_hash(token: str) -> bytes:
    """Return what is stored of a token: its SHA-256. It has 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(token[:LONGEST].encode("utf-8", "surrogatepass")).digest()
