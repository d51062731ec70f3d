"""Accounts (账号): who may come in, what each role may do, and which areas (台区) each sees."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pipeline.errors import ConfigError
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


class Problem(StrEnum):
    """Why an account, a password or a token is not given as wanted; pages say it in words of their own."""

    NAME = "name"
    NAME_TAKEN = "name taken"
    AREA = "area"
    NO_AREA = "no area"
    BEYOND_OWN = "beyond own"
    CHANGED = "changed"
    LAST_ADMINISTRATOR = "last administrator"
    PASSWORD_LENGTH = "password length"  # noqa: S105 - a code
    PASSWORD_VARIETY = "password variety"  # noqa: S105 - a code
    PASSWORD_NAME = "password name"  # noqa: S105 - a code
    PASSWORD_REPEATED = "password repeated"  # noqa: S105 - a code
    PASSWORD_PRESENT = "password present"  # noqa: S105 - a code
    PASSWORD_LATER = "password later"  # noqa: S105 - a code
    TOKEN_NAME = "token name"  # noqa: S105 - a code
    TOKEN_ROLE = "token role"  # noqa: S105 - a code
    TOKEN_AREAS = "token areas"  # noqa: S105 - a code
    TOKEN_DAYS = "token days"  # noqa: S105 - a code
    TOKENS = "tokens"


class AccessError(ConfigError):
    """An account, a password or a token is not given as it was wanted; nothing was changed."""

    def __init__(self, problem: Problem, text: str, **parameters: str | int) -> None:
        """Take the problem, what the command says of it, and what the pages' words name."""
        super().__init__(text)
        self.problem = problem
        self.parameters = parameters


def may_manage(manager: Account, areas: frozenset[str] | None) -> bool:
    """Tell whether an administrator may manage accounts of these areas: nobody gives more than they see."""
    own = manager.areas
    return manager.role is Role.ADMINISTRATOR and (own is None or (areas is not None and areas <= own))


def common_areas(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    """Return the areas that both see; None stands for all."""
    if one is None or other is None:
        return other if one is None else one
    return one & other
