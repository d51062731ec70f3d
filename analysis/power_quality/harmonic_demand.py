"""Harmonic currents in % of the demand current I_L: total demand distortion and each order (IEEE 519)."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import Final

from analysis.harmonic_limits import DemandLimits, demand_limits
from analysis.power_quality.consistency import Consistency
from analysis.power_quality.harmonic_amperes import distortion_amperes, harmonic_amperes
from analysis.power_quality.harmonic_readings import PhaseColumns
from analysis.power_quality.harmonic_verdicts import OrderLimit, Rule, judge_orders, without_verdict
from analysis.power_quality.judgement import Judgement, Reason

TDD: Final = "tdd"


def judge_demand(sound: Consistency, check: str) -> list[Judgement]:
    """Return what IEEE 519 says: total demand distortion and each order in % of the demand current I_L."""
    month, point = sound.month, sound.month.point
    power = None if point.supply is None else point.supply.short_circuit_mva
    demand_a = point.max_demand_current_a
    if not power or not demand_a:
        known = demand_limits(point.nominal_kv, 0.0, month.month)
        lacking = {"short_circuit_mva": power, "demand_current_a": demand_a}
        wants = [
            Reason(key="wants_entry", parameters={"entry": f"[[supply]] {name}"})
            for name, value in lacking.items()
            if not value
        ]
        return [] if known is None else [without_verdict(check, known.reference, *wants, subject=TDD)]
    ratio = 1000.0 * power / (sqrt(3.0) * point.nominal_kv) / demand_a
    limits = demand_limits(point.nominal_kv, ratio, month.month)
    if limits is None:
        return []
    told = {"ratio": round(ratio, 1), "row": limits.ratio_from, "demand_a": demand_a}
    rule = Rule(
        check=check,
        reference=limits.reference,
        limits={0: OrderLimit(limit=limits.tdd)},
        statistics=limits.statistics,
        reasons=(Reason(key="demand_row", parameters=told), *_elsewhere(limits)),
    )
    absent = Reason(key="absent", parameters={"quantity": "current_thd"})
    return _of_demand(sound, limits, rule, demand_a) or [
        without_verdict(check, limits.reference, absent, subject=TDD)
    ]


def _elsewhere(limits: DemandLimits) -> tuple[Reason, ...]:
    percent = limits.generation_percent
    told = {} if percent is None else {"percent": percent}
    return (Reason(key="generation_elsewhere", parameters=told),) if told else ()


def _of_demand(sound: Consistency, limits: DemandLimits, rule: Rule, demand_a: float) -> list[Judgement]:
    of_orders = {order: OrderLimit(limit=percent) for order, percent in limits.orders.items()}
    total, orders = distortion_amperes(sound), harmonic_amperes(sound)
    found = [] if total is None else judge_orders(sound.month, _percent(total, demand_a), rule)
    found = [replace(judgement, subject=TDD) for judgement in found]
    if orders is not None:
        plain = replace(rule, limits=of_orders, reasons=())
        found += judge_orders(sound.month, _percent(orders, demand_a), plain)
    return found


def _percent(amperes: PhaseColumns, demand_a: float) -> PhaseColumns:
    return replace(amperes, values=[rows * (100.0 / demand_a) for rows in amperes.values], unit="%")
