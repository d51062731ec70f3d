"""Accounts (账号): who may come in, what each role may do, and which areas (台区) each sees."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pipeline.model import Scope

ACCOUNT_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""What an account may be called; compared without regard to the case in which it is typed."""


class Role(StrEnum):
    """What somebody may do; each role may do all that those before it may."""

    VIEWER = "viewer"
    """Reads pages, the API and exports."""
    ENGINEER = "engineer"
    """Files feedback, works on episodes, asks meters."""
    ADMINISTRATOR = "administrator"
    """Manages accounts and settings, reads the audit."""

    def includes(self, other: Role) -> bool:
        """Tell whether this role may do all that ``other`` may."""
        return _RANKS[self] >= _RANKS[other]


_RANKS = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account, without its password."""

    id: int
    name: str
    full_name: str
    role: Role
    areas: frozenset[str] | None
    """The areas that it sees; None for all."""
    created_at: datetime
    password_set_at: datetime
    disabled_at: datetime | None = None

    @property
    def scope(self) -> Scope:
        """Its areas as queries take them."""
        return Scope(self.areas)

    @property
    def shown(self) -> str:
        """The account for people."""
        return f"{self.full_name} ({self.name})" if self.full_name else self.name


def common_areas(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    """Return the areas that both see; None stands for all."""
    if one is None or other is None:
        return other if one is None else one
    return one & other
