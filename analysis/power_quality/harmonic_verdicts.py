"""Verdicts on harmonics: every order of every phase against its limit, the worst phase telling for all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final

import numpy as np

from analysis.harmonic_limits import MONTHLY_95, Statistic
from analysis.power_quality.block_values import (
    COMPLIES,
    OPEN,
    VIOLATES,
    BlockValues,
    block_values,
)
from analysis.power_quality.harmonic_readings import PhaseColumns
from analysis.power_quality.harmonic_stretches import Worst, judged_stretches, worst_of
from analysis.power_quality.judgement import Compliance, Evidence, Judgement, Reason, Reference
from analysis.power_quality.point_month import PointMonth
from analysis.power_quality.probability import LEAST_COVERAGE, LEAST_READINGS
from pipeline.model import Json
from pipeline.timegrid import many_from_numpy

SAID: Final = {
    COMPLIES: Compliance.COMPLIANT,
    OPEN: Compliance.NOT_DECIDABLE,
    VIOLATES: Compliance.VIOLATING,
}

PROVING: Final = 59
"""So many independent readings show with 95 % confidence that the 95 % value is none above their highest."""
STEPS: Final = tuple(range(0, 101, 5))
"""Shares of the readings, %, at which a distribution is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLimit:
    """The limit of one order (0: the total), in the unit of the readings, and how it came about."""

    limit: float
    formula: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a block of readings is judged by."""

    check: str
    reference: Reference
    limits: Mapping[int, OrderLimit]
    """Orders that have none are not judged."""
    statistics: Sequence[Statistic] = (MONTHLY_95,)
    only_proves: bool = False
    """The readings are upper bounds of what is limited: they can show that it complies, and nothing else."""
    reasons: Sequence[Reason] = ()
    """To be said of the verdicts as a whole."""


def judge_orders(month: PointMonth, columns: PhaseColumns, rule: Rule) -> list[Judgement]:
    """Return a judgement for each order that has a limit and that any phase gives.

    The worst phase tells (GB/T 14549-1993 Annex D). A phase that the meter does not give leaves an order open
    unless another phase violates. Reasons that hold for all stand with the first judgement.
    """
    columns = _only(columns, rule.limits)
    if not columns.orders:
        return []
    limits = np.array([rule.limits[order].limit for order in columns.orders])
    whole = block_values(columns.values, columns.expected)
    given: list[bool] = (whole.n > 0).max(axis=0, initial=False).tolist()
    if not any(given):
        return []
    stretches, skipped = judged_stretches(month, columns, limits, rule.statistics, whole)
    worst = worst_of(stretches)
    phases = _phase_figures(columns.phases, whole)
    instants = many_from_numpy(columns.at[list(worst.highest)])
    judgements = [
        _judgement(place, columns, rule, worst, phases[place], instants[place])
        for place, is_given in enumerate(given)
        if is_given
    ]
    general = (*(_skipped(statistic) for statistic in skipped), *rule.reasons, *columns.reasons)
    judgements[0] = replace(judgements[0], reasons=(*judgements[0].reasons, *general))
    return judgements


def distribution(columns: PhaseColumns) -> Mapping[str, Json]:
    """Return a small cumulative distribution of a total by phase: its values at 0, 5 ... 100 % by rank."""
    curves: dict[str, Json] = {}
    for phase, rows in zip(columns.phases, columns.values, strict=True):
        readings = np.sort(rows[0])  # NaN last
        n = len(readings) - int(np.count_nonzero(np.isnan(readings)))
        if n:
            values = readings[_places(n)].tolist()
            curves[phase] = [[step, value] for step, value in zip(STEPS, values, strict=True)]
    return curves


@lru_cache(maxsize=64)
def _places(n: int) -> list[int]:
    """Return where the values at :data:`STEPS` stand among n sorted readings."""
    return [max(-(-step * n // 100) - 1, 0) for step in STEPS]


def without_figures(judgement: Judgement) -> Judgement:
    """Return a judgement without its figures, which stand with another standard's already."""
    return replace(judgement, figures={})


def without_verdict(
    check: str, reference: Reference | None, *reasons: Reason, subject: str = ""
) -> Judgement:
    """Return that the standard applies and that it cannot be told whether it is kept."""
    return Judgement(
        check=check,
        subject=subject,
        verdict=Compliance.NOT_DECIDABLE,
        reference=reference,
        reasons=reasons,
    )


def _judgement(  # noqa: PLR0913, PLR0917 - one order with all that is known of it
    place: int,
    columns: PhaseColumns,
    rule: Rule,
    worst: Worst,
    phases: Mapping[str, Json],
    highest_at: datetime,
) -> Judgement:
    order = columns.orders[place]
    codes = worst.code[place], worst.good[place], worst.bad[place]
    code, good, bad = (min(number, OPEN) if rule.only_proves else number for number in codes)
    stretch, phase, limit = worst.stretch[place], worst.phase[place], worst.limit[place]
    own, factor = rule.limits[order], stretch.statistic.factor
    return Judgement(
        check=rule.check,
        subject=columns.subject(place),
        verdict=SAID[code],
        reference=rule.reference,
        value=_number(worst.value[place]),
        unit=columns.unit,
        limit=limit,
        formula=own.formula if factor == 1.0 else _times(own.limit, factor, columns.unit),
        evidence=Evidence(
            n=worst.n[place],
            coverage=worst.coverage[place],
            rank=worst.rank[place] or None,
            phase=columns.phases[phase],
            at=highest_at if worst.n[place] else None,
            if_missing_good=SAID[good],
            if_missing_bad=SAID[bad],
        ),
        reasons=tuple(_why(place, code, worst)),
        figures={"phases": phases, **_plain(phases[columns.phases[phase]])},
    )


def _times(limit: float, factor: float, unit: str) -> str:
    return f"{limit:g} {unit} × {factor:g} = {limit * factor:g} {unit}"


def _plain(figures: Json) -> Mapping[str, Json]:
    """Return the worst phase's extremes and mean, for a table that has one line an order."""
    return {name: figures[name] for name in ("max", "mean", "min")} if isinstance(figures, Mapping) else {}


def _why(place: int, code: int, worst: Worst) -> Iterator[Reason]:
    """Yield in which stretch it was reached, why it is open, or how near it is to being another one."""
    statistic = worst.stretch[place].statistic
    if statistic.days:
        yield Reason(key="worst_stretch", parameters={"days": statistic.days, "percent": statistic.percent})
    n, coverage, limit = worst.n[place], worst.coverage[place], worst.limit[place]
    if code == OPEN and n < LEAST_READINGS:
        yield Reason(key="few_readings", parameters={"n": n, "least": LEAST_READINGS})
    elif code == OPEN and coverage < LEAST_COVERAGE:
        yield Reason(key="low_coverage", parameters={"coverage_percent": round(100.0 * coverage, 1)})
    if code == OPEN and worst.own_code[place] == COMPLIES:
        yield Reason(key="no_readings")
    low, high = worst.surely_from[place], worst.surely_to[place]
    if n and low <= limit < high < np.inf:
        told = {"low": _rounded(low), "high": _rounded(high)}
        yield Reason(key="interval_crosses_limit", parameters=told)
    elif code == COMPLIES and n < PROVING and not statistic.days:
        yield Reason(key="no_statistical_proof", parameters={"n": n, "least": PROVING})


def _rounded(number: float) -> float:
    return float(f"{number:.4g}")


def _skipped(statistic: Statistic) -> Reason:
    return Reason(key="statistic_skipped", parameters={"days": statistic.days, "percent": statistic.percent})


def _only(columns: PhaseColumns, limits: Mapping[int, OrderLimit]) -> PhaseColumns:
    """Return the columns of the orders that have limits."""
    places = [place for place, order in enumerate(columns.orders) if order in limits]
    if len(places) == len(columns.orders):
        return columns
    orders = tuple(columns.orders[place] for place in places)
    return replace(columns, orders=orders, values=[rows[places] for rows in columns.values])


def _phase_figures(phases: Sequence[str], whole: BlockValues) -> list[Mapping[str, Json]]:
    """Return the whole month's figures of each order by phase: the row of a table, the bar of a chart."""
    fields = (whole.maximum, whole.mean, whole.minimum, whole.value, whole.surely_from, whole.surely_to)
    table = np.stack(fields, axis=-1)
    missing = ~np.isfinite(table)
    if missing.any():
        table = table.astype(object)
        table[missing] = None
    rows = table.tolist()
    counts = whole.n.tolist()
    names = ("max", "mean", "min", "p95", "p95_low", "p95_high", "n")
    return [
        {
            phase: dict(zip(names, (*rows[row][place], counts[row][place]), strict=True))
            for row, phase in enumerate(phases)
        }
        for place in range(whole.n.shape[1])
    ]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
