"""Tokens are random, and any text gives a hash."""

from __future__ import annotations

import hashlib

import pytest

from services.tokens import new_token, token_hash


def test_tokens_are_long_and_never_the_same() -> None:
    made = {new_token("kw_") for _ in range(200)}
    assert len(made) == 200
    assert all(token.startswith("kw_") and len(token) == 46 for token in made)


def test_a_hash_is_sha_256() -> None:
    assert token_hash("abc") == hashlib.sha256(b"abc").digest()


@pytest.mark.parametrize("token", ["", "é", "\udcff", "x" * 100_000])
def test_any_text_gives_a_hash(token: str) -> None:
    assert len(token_hash(token)) == 32
