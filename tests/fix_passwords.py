"""Passwords hashed in no time: the work that makes them dear to guess is a quarter of a second each.

Tests of the hashes themselves take :func:`heavy_hashes`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from services import passwords

_HEAVY = {"_HASHER": passwords._HASHER, "_NOBODYS": passwords._NOBODYS}


@pytest.fixture(scope="session", autouse=True)
def _light_hashes() -> Iterator[None]:
    light = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", light)
        patch.setattr(passwords, "_NOBODYS", light.hash("x"))
        yield


@pytest.fixture
def heavy_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash as the program does."""
    for name, value in _HEAVY.items():
        monkeypatch.setattr(passwords, name, value)
