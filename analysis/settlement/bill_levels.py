"""How far registers and intervals of a bill may be apart until that is told or refused, from data."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class TieOutLevels:
    """Registers against intervals."""

    source: str
    confirmed: bool
    register_steps: int
    """So many steps of the register, times its factor, they may always differ by."""
    told_share: Decimal
    """A larger part of what the registers counted is told."""
    refused_share: Decimal
    """A larger one refuses the bill: one of both is not of this point, or not of this ratio."""


@cache
def tie_out_levels() -> TieOutLevels:
    """Return the levels of ``analysis/data/bill_levels.toml``."""
    text = files("analysis").joinpath("data", "bill_levels.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)["tie_out"]
    shares = {name: Decimal(table[name]) for name in ("told_share", "refused_share")}
    return TieOutLevels(**{**table, **shares})
