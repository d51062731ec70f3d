"""Advice (用能建议) that follows from numbers: what is saved, by which quantities, prices and formula."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from pipeline.load_wants import Want

CENT = Decimal("0.01")
_EXACT = Decimal("0.000001")
_NAME = re.compile(r"[a-z][a-z_]+")
_UNIT = re.compile(r", |（")
"""What stands between a name and its unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One piece of advice, for the span that it was worked out of."""

    kind: str
    """``shift``, ``compensation``, ``overcompensation``, ``switched_compensation``, ``basic_charge`` or
    ``over_capacity``."""
    en: str
    zh: str
    saving_yuan: Decimal | None
    """Over the span; None where the prices are not filed."""
    formula: str
    quantities: Mapping[str, float]
    """What was measured and worked out, by the names of the formula; each tells its unit."""
    prices: Mapping[str, Decimal]
    """Yuan, or a factor of the tariff, as filed."""
    coverage: float
    """Of the measured quantities."""
    wants: Want | None
    """What the saving would need."""


def advice(  # noqa: PLR0913 - an advice is all of this
    kind: str,
    *,
    saving_yuan: Decimal | None,
    quantities: Mapping[str, float],
    coverage: float,
    prices: Mapping[str, Decimal] | None = None,
    words: Mapping[str, str] | None = None,
    wants: Want | None = None,
) -> Advice:
    """Return an advice with its texts; ``words`` are names that they translate, by their place in them."""
    texts = _texts()
    given: dict[str, object] = {**quantities, "saving_yuan": saving_yuan or Decimal(0)}
    for place, word in (words or {}).items():
        given[place] = texts["words"]["en"][word]
        given[f"{place}_zh"] = texts["words"]["zh"][word]
    said = {
        language: texts[kind][language] + (texts[kind].get(f"saves_{language}", "") if saving_yuan else "")
        for language in ("en", "zh")
    }
    return Advice(
        kind=kind,
        en=said["en"].format(**given),
        zh=said["zh"].format(**given),
        saving_yuan=saving_yuan,
        formula=texts[kind]["formula"],
        quantities=dict(quantities),
        prices=dict(prices or {}),
        coverage=coverage,
        wants=wants,
    )


def name_of(quantity: str, language: str) -> str:
    """Return what a quantity or a price is called, with its unit; an unknown one is its own name."""
    names: Mapping[str, str] = _texts()["names"]["zh" if language.startswith("zh") else "en"]
    return names.get(quantity, quantity)


def told_formula(formula: str, language: str) -> str:
    """Return a formula with its quantities and prices called by their names, without units."""
    told = _NAME.sub(lambda found: _UNIT.split(name_of(found[0], language))[0], formula)
    return told.replace(" x ", " × ")


def exact(value: float) -> Decimal:
    """Return a measured number for money's arithmetic: to a millionth of its unit."""
    return Decimal(str(value)).quantize(_EXACT, ROUND_HALF_UP)


def cents(yuan: Decimal) -> Decimal:
    """Return an amount in yuan and cents, half up."""
    return yuan.quantize(CENT, ROUND_HALF_UP)


@cache
def _texts() -> dict[str, Any]:  # Any: TOML of several depths
    return tomllib.loads(files("analysis").joinpath("data", "load_advice.toml").read_text(encoding="utf-8"))
