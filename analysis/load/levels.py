"""Levels by which load is told of (重载, 过载, 轻载, 105 %), as data with their source."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerLevels:
    """Loading of a transformer, in percent of its capacity."""

    source: str
    confirmed: bool
    heavy_percent: float
    heavy_hours: float
    """So long it must stay above."""
    over_percent: float
    light_percent: float
    """A transformer whose highest loading is below is lightly loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandLevels:
    """Share of a contract demand."""

    source: str
    confirmed: bool
    double_percent: float
    """What is above counts double."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnbalanceLevels:
    """Unbalance of the load of three phases."""

    source: str
    confirmed: bool
    limit_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceLevels:
    """What advice supposes."""

    source: str
    confirmed: bool
    shift_share: float
    """So much of the energy of the dearest hours is taken for movable."""
    least_coverage: float
    """Without so much of a span nothing is advised."""
    target_power_factor: float
    """Where a contract has no standard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLevels:
    """Who counts in a group."""

    source: str
    confirmed: bool
    least_share: float
    """Of the slots known of any member so many must be known of one: else it is left out and named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLevels:
    """All of them."""

    transformer: TransformerLevels
    contract_demand: DemandLevels
    phase_unbalance: UnbalanceLevels
    advice: AdviceLevels
    group: GroupLevels


@cache
def load_levels() -> LoadLevels:
    """Return the levels of ``analysis/data/load_levels.toml``."""
    table = tomllib.loads(files("analysis").joinpath("data", "load_levels.toml").read_text(encoding="utf-8"))
    return LoadLevels(
        transformer=TransformerLevels(**table["transformer"]),
        contract_demand=DemandLevels(**table["contract_demand"]),
        phase_unbalance=UnbalanceLevels(**table["phase_unbalance"]),
        advice=AdviceLevels(**table["advice"]),
        group=GroupLevels(**table["group"]),
    )
