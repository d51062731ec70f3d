"""Harmonic voltage (谐波电压) by any of the standards: THD and each order that the meter gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from analysis.harmonic_limits import EN_50160, VoltageLimits, voltage_limits
from analysis.power_quality.consistency import Consistency
from analysis.power_quality.harmonic_readings import (
    THD,
    PhaseColumns,
    voltage_distortion,
    voltage_orders,
)
from analysis.power_quality.harmonic_verdicts import (
    OrderLimit,
    Rule,
    distribution,
    judge_orders,
    without_verdict,
)
from analysis.power_quality.judgement import Compliance, Judgement, Reason
from analysis.power_quality.point_month import PointMonth

EVEN, ODD = "even", "odd"
"""Subjects of what the total alone proves: that all even, that all odd orders comply."""
ANY = "any order"
"""Subject of the reading's order nearest its limit, in % of that limit."""


def judge_voltages(sound: Consistency, standard: str, check: str) -> list[Judgement]:
    """Return what one standard says of a month's harmonic voltages."""
    month = sound.month
    limits = voltage_limits(standard, month.point.nominal_kv, month.month)
    if limits is None:
        told = Reason(key="no_level", parameters={"standard": standard, "kv": month.point.nominal_kv})
        return [Judgement(check=check, verdict=Compliance.NOT_APPLICABLE, reasons=(told,))]
    total, orders = voltage_distortion(sound), voltage_orders(sound)
    found = [
        *(_totals(month, total, limits, check) if total is not None else ()),
        *(judge_orders(month, orders, _rule(check, limits, limits.orders)) if orders is not None else ()),
    ]
    if total is not None and not any(j.subject.startswith("h") for j in found):
        found += _bounded(month, total, limits, check)
    return found or [without_verdict(check, limits.reference, *_nothing(sound))]


def _rule(check: str, limits: VoltageLimits, orders: Mapping[int, float]) -> Rule:
    return Rule(
        check=check,
        reference=limits.reference,
        limits={order: OrderLimit(limit=limit) for order, limit in orders.items()},
        statistics=limits.statistics,
    )


def _totals(month: PointMonth, total: PhaseColumns, limits: VoltageLimits, check: str) -> list[Judgement]:
    rule = replace(_rule(check, limits, {0: limits.thd}), reasons=_of_level(month, limits))
    return [
        replace(judgement, figures={**judgement.figures, "distribution": distribution(total)})
        for judgement in judge_orders(month, total, rule)
    ]


def _bounded(month: PointMonth, total: PhaseColumns, limits: VoltageLimits, check: str) -> list[Judgement]:
    """Return what the total proves of orders that nobody knows: none is larger than it."""
    found = []
    for subject, rest in ((EVEN, 0), (ODD, 1)):
        smallest = min(limit for order, limit in limits.orders.items() if order % 2 == rest)
        rule = replace(_rule(check, limits, {0: smallest}), only_proves=True)
        told = Reason(key="bounded_by_thd", parameters={"limit": smallest, "unit": "%"})
        found += [
            replace(judgement, subject=subject, reasons=(told, *_own(judgement, total)))
            for judgement in judge_orders(month, total, rule)
        ]
    return found


def judge_any_order(sound: Consistency, check: str) -> list[Judgement]:
    """Return how EN 50160 counts: a reading is over when any of its orders is, and 5 % of them may be."""
    month, orders = sound.month, voltage_orders(sound)
    limits = voltage_limits(EN_50160, month.point.nominal_kv, month.month)
    if limits is None or orders is None:
        return []
    places = [place for place, order in enumerate(orders.orders) if order in limits.orders]
    allowed = np.array([limits.orders[orders.orders[place]] for place in places])
    shares = 100.0 * orders.values[:, places] / allowed[:, None]
    largest = replace(orders, orders=(0,), values=np.fmax.reduce(shares, axis=1)[:, None], reasons=())
    rule = replace(_rule(check, limits, {0: 100.0}), reasons=(Reason(key="any_order"),))
    return [replace(j, subject=ANY) for j in judge_orders(month, largest, rule)]


def _own(judgement: Judgement, total: PhaseColumns) -> Sequence[Reason]:
    """Return the reasons of a bound that do not stand with the total already."""
    return [r for r in judgement.reasons if r not in total.reasons and r.key != "interval_crosses_limit"]


def _of_level(month: PointMonth, limits: VoltageLimits) -> tuple[Reason, ...]:
    told = {"kv": month.point.nominal_kv, "row": limits.kv}
    return (
        *((Reason(key="level_by_practice", parameters=told),) if limits.by_practice else ()),
        Reason(key="polls_for_means", parameters={"minutes": round(month.period_s / 60.0, 1)}),
    )


def _nothing(sound: Consistency) -> tuple[Reason, ...]:
    """Return why there is nothing to judge: registers that are absent, or readings that are unsound."""
    quantities = [
        q for q in (*sound.month.values, *sound.month.spectra) if q.startswith(("voltage_thd", "voltage_h"))
    ]
    reasons = sound.reasons_for(quantities)
    return reasons or (Reason(key="absent", parameters={"quantity": f"voltage_{THD}"}),)
