"""Power factor of a month (月度功率因数) and what the bill is adjusted by: 力调电费, the table as data."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import hypot

from pipeline.contracts import Contract

LEAST_STANDARD_KVA = 100.0
"""Smaller customers have no standard, whatever their class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Percent of the bill a hundredth, up or down to a power factor."""

    to: float
    percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerFactorStandard:
    """A standard power factor, whom it is for, and its steps."""

    value: float
    what: str
    categories: Sequence[str]
    above_kva: float
    reward: Sequence[Step]
    penalty: Sequence[Step]
    source: str


def month_power_factor(kwh: float, kvarh: float) -> float:
    """Return P / sqrt(P^2 + Q^2) rounded to 0.01 as bills do; ``kvarh`` is lagging plus leading energy."""
    apparent = hypot(kwh, kvarh)
    # A billion-th more, so that 0.895 is not 0.89 for what binary numbers leave.
    return round(kwh / apparent + 1e-9, 2) if apparent > 0 else 1.0


def adjustment_percent(standard: PowerFactorStandard, power_factor: float) -> float:
    """Return what is added to the bill in percent; below 0 it is taken off."""
    actual = round(100 * power_factor)
    place = round(100 * standard.value)
    is_better = actual > place
    added = 0.0
    for step in standard.reward if is_better else standard.penalty:
        to = round(100 * step.to)
        end = min(actual, to) if is_better else max(actual, to)
        added += abs(end - place) * step.percent
        if end == actual:
            break
        place = end
    return round(-added if is_better else added, 2)


def standard_of(contract: Contract) -> PowerFactorStandard | None:
    """Return the standard filed with a contract, else that of its class and capacity.

    None if it has none, lacks class or capacity, or has a value filed that is no standard.
    """
    if contract.power_factor_standard is not None:
        return standard_named(contract.power_factor_standard)
    capacity = contract.capacity_kva
    if contract.category is None or capacity is None:
        return None
    fitting = (s for s in standards() if contract.category in s.categories and capacity > s.above_kva)
    return next(fitting, None)


def standard_named(value: float) -> PowerFactorStandard | None:
    """Return the standard of a value, such as 0.85; None if there is none."""
    return next((s for s in standards() if abs(s.value - value) < 5e-3), None)  # noqa: PLR2004 - half a step


@cache
def standards() -> tuple[PowerFactorStandard, ...]:
    """Return the standards, the highest first."""
    text = files("analysis").joinpath("data", "power_factor_1983.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return tuple(
        PowerFactorStandard(
            value=entry["value"],
            what=entry["what"],
            categories=tuple(entry["categories"]),
            above_kva=entry["above_kva"],
            reward=tuple(Step(**step) for step in entry["reward"]),
            penalty=tuple(Step(**step) for step in entry["penalty"]),
            source=table["source"]["name"],
        )
        for entry in table["standard"]
    )
