"""Harmonic limits of the standards as data: by edition, voltage level and order, with clause and source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from analysis.power_quality.bands import limit_tables
from analysis.power_quality.judgement import Reference

GB_14549: Final = "GB/T 14549"
EN_50160: Final = "EN 50160"
IEEE_519: Final = "IEEE 519"
EDITIONS: Final = MappingProxyType(
    {
        GB_14549: ("gb14549_1993",),
        EN_50160: ("en50160_2010",),
        IEEE_519: ("ieee519_2014", "ieee519_2022"),
    }
)
"""Files of ``analysis/data``, oldest edition first."""
HIGHEST_ORDER: Final = 50
"""Where a standard limits each odd and each even order, up to here."""
SAME_LEVEL: Final = 0.1
"""A nominal voltage within this share of a level's is that level: 10.5 kV is 10 kV (own)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """Which readings of which stretch count, and against how much of the limit."""

    days: int
    """Length of the stretch; 0 is the whole month."""
    percent: int
    """Of the readings so many may not be over."""
    factor: float = 1.0


MONTHLY_95: Final = Statistic(days=0, percent=95)
"""GB/T 14549-1993 Annex D: 95 % of the readings; it names no stretch, so a month is judged as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageLimits:
    """What one standard allows at one level, % of the fundamental."""

    reference: Reference
    kv: float
    """The level whose row this is."""
    by_practice: bool = False
    """The standard has no row for the point's level; this one is used in the trade."""
    thd: float
    orders: Mapping[int, float]
    statistics: Sequence[Statistic]


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectionLimits:
    """Harmonic currents that all users at a point may inject together (GB/T 14549-1993 table 2)."""

    reference: Reference
    sharing: Reference
    """Where scaling, sharing and summation stand."""
    kv: float
    by_practice: bool = False
    base_mva: float
    """Short-circuit power for which the amperes hold."""
    amperes: Mapping[int, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandLimits:
    """Harmonic currents in % of the demand current I_L (IEEE 519 tables 2 to 4)."""

    reference: Reference
    ratio_from: float
    """Short-circuit over demand current from which the row holds."""
    tdd: float
    orders: Mapping[int, float]
    statistics: Sequence[Statistic]
    generation_percent: float | None = None
    """A site whose generation is so much of its load and more is judged by another standard."""


def voltage_limits(standard: str, nominal_kv: float, day: date) -> VoltageLimits | None:
    """Return what the edition in force on ``day`` allows; None where it says nothing of the level."""
    edition = _in_force(standard, day)
    if edition is None:
        return None
    part = edition["voltage"]
    found = _level(part["level"], nominal_kv)
    if found is None:
        return None
    level, by_practice = found
    return VoltageLimits(
        reference=_reference(edition, part),
        kv=level.get("kv", nominal_kv),
        by_practice=by_practice,
        thd=level["thd"],
        orders=MappingProxyType(_voltage_orders(level)),
        statistics=tuple(Statistic(**row) for row in part.get("statistic", ())) or (MONTHLY_95,),
    )


def injection_limits(nominal_kv: float, day: date) -> InjectionLimits | None:
    """Return the row of GB/T 14549 table 2 for a level; None where there is none."""
    edition = _in_force(GB_14549, day)
    found = None if edition is None else _level(edition["current"]["level"], nominal_kv)
    if edition is None or found is None:
        return None
    level, by_practice = found
    return InjectionLimits(
        reference=_reference(edition, edition["current"]),
        sharing=_reference(edition, edition["share"]),
        kv=level["kv"],
        by_practice=by_practice,
        base_mva=level["base_mva"],
        amperes=MappingProxyType(dict(enumerate(level["amperes"], start=2))),
    )


def demand_limits(nominal_kv: float, ratio: float, day: date) -> DemandLimits | None:
    """Return the row of IEEE 519 for a level and short-circuit over demand current ``ratio``."""
    edition = _in_force(IEEE_519, day)
    found = None if edition is None else _level(edition["current"]["level"], nominal_kv)
    if edition is None or found is None:
        return None
    part = edition["current"]
    row = [row for row in found[0]["rows"] if row["ratio_from"] <= ratio][-1]
    orders = range(2, part["orders_to"] + 1)
    return DemandLimits(
        reference=_reference(edition, part),
        ratio_from=row["ratio_from"],
        tdd=row["tdd"],
        orders=MappingProxyType({order: _demand_percent(part, row, order) for order in orders}),
        statistics=tuple(Statistic(**entry) for entry in part["statistic"]),
        generation_percent=part.get("generation_percent"),
    )


def share_exponent(order: int) -> float:
    """Return alpha of GB/T 14549-1993 Annex C: a user's share grows with his power to 1 / alpha."""
    return _of_order(limit_tables("gb14549_1993.toml")["share"]["alpha"], order)


def sum_coefficient(order: int) -> float:
    """Return K_h of GB/T 14549-1993 Annex C: how two sources of unknown angle add up."""
    return _of_order(limit_tables("gb14549_1993.toml")["share"]["sum_of_two"], order)


def _of_order(table: Mapping[str, float], order: int) -> float:
    return table.get(str(order), table["other"])


def _voltage_orders(level: Mapping[str, Any]) -> dict[int, float]:  # Any: a table of a data file
    if "order" in level:
        return {int(order): limit for order, limit in level["order"].items()}
    even, odd = level.get("even", level.get("each")), level.get("odd", level.get("each"))
    return {order: odd if order % 2 else even for order in range(2, HIGHEST_ORDER + 1)}


def _demand_percent(part: Mapping[str, Any], row: Mapping[str, Any], order: int) -> float:  # Any: as above
    band = sum(order >= first for first in part["orders_from"]) - 1
    percent: float = row["percent"][band]
    if order % 2:
        return percent
    share: float = [entry["share"] for entry in part["even_share"] if entry["from"] <= order][-1]
    return percent * share


def _level(levels: Sequence[Mapping[str, Any]], nominal_kv: float) -> tuple[Mapping[str, Any], bool] | None:
    """Return the row for a level, and whether practice rather than the standard puts it there."""
    for level in levels:
        if "serves" in level:
            for key in ("serves", "by_practice"):
                if any(abs(nominal_kv - kv) <= SAME_LEVEL * kv for kv in level[key]):
                    return level, key == "by_practice"
        elif level["above_kv"] < nominal_kv <= level.get("up_to_kv", float("inf")):
            return level, False
    return None


def _in_force(standard: str, day: date) -> Mapping[str, Any] | None:
    editions = [limit_tables(f"{name}.toml") for name in EDITIONS[standard]]
    return next((e for e in reversed(editions) if e["effective_from"] <= day), None)


def _reference(edition: Mapping[str, Any], part: Mapping[str, Any]) -> Reference:
    return Reference(
        standard=edition["standard"],
        edition=edition["edition"],
        clause=part["clause"],
        effective_from=edition["effective_from"],
        source=part["source"],
        confirmed=edition["confirmed"],
    )
