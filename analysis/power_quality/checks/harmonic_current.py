"""Harmonic currents (谐波电流) in amperes against the user's share of what the network bears, GB/T 14549.

THD_I alone is never a violation: at low load it is large and its amperes are small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from analysis.harmonic_currents import SharedLimit, shared_limit, voltage_content_percent
from analysis.harmonic_limits import (
    GB_14549,
    InjectionLimits,
    injection_limits,
)
from analysis.harmonic_signature import signature
from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.consistency import Consistency
from analysis.power_quality.harmonic_amperes import distortion_amperes, harmonic_amperes
from analysis.power_quality.harmonic_readings import current_distortion, sound_readings
from analysis.power_quality.harmonic_verdicts import (
    OrderLimit,
    Rule,
    judge_orders,
    without_verdict,
)
from analysis.power_quality.judgement import Compliance, Evidence, Judgement, Reason
from analysis.power_quality.point_month import PointMonth, QualityPoint

NAME: Final = "harmonic_current"
SIGNATURE: Final = "signature"


def judge(month: PointMonth) -> Sequence[Judgement]:
    """Return judgements on the amperes of each order, and what kind of load they look like."""
    found = judge_injection(sound_readings(month))
    return [*found, *_signature(found)]


def judge_injection(sound: Consistency) -> list[Judgement]:
    """Return what GB/T 14549 says of the amperes; without the supply's powers, how large they are."""
    month = sound.month
    limits = injection_limits(month.point.nominal_kv, month.month)
    if limits is None:
        return [_no_level(GB_14549, month)]
    missing = missing_supply(month.point)
    shares = {} if missing else _shares(month.point, limits)
    found = _injected(sound, limits, shares)
    if missing:
        found = [_without_limit(judgement, missing) for judgement in found]
    return [_with_shares(j, shares, month.point) for j in found] or [
        without_verdict(NAME, limits.reference, *_nothing(sound), *missing)
    ]


def missing_supply(point: QualityPoint) -> tuple[Reason, ...]:
    """Return why a user's share cannot be worked out: what the archive lacks, or what contradicts itself."""
    supply = point.supply
    wanted = ("short_circuit_mva", "agreed_mva", "equipment_mva")
    lacking = tuple(
        Reason(key="wants_entry", parameters={"entry": f"[[supply]] {name}"})
        for name in wanted
        if not (getattr(supply, name, None) or 0.0) > 0.0
    )
    if lacking or supply is None:
        return lacking
    agreed, equipment = supply.agreed_mva or 0.0, supply.equipment_mva or 0.0
    told = {"agreed": agreed, "equipment": equipment}
    return (Reason(key="agreed_over_equipment", parameters=told),) if agreed > equipment else ()


def _shares(point: QualityPoint, limits: InjectionLimits) -> dict[int, SharedLimit]:
    supply = point.supply
    if supply is None or not (supply.short_circuit_mva and supply.agreed_mva and supply.equipment_mva):
        return {}
    return {
        order: shared_limit(
            limits,
            order,
            short_circuit_mva=supply.short_circuit_mva,
            agreed_mva=supply.agreed_mva,
            equipment_mva=supply.equipment_mva,
        )
        for order in limits.amperes
    }


def _injected(
    sound: Consistency, limits: InjectionLimits, shares: Mapping[int, SharedLimit]
) -> list[Judgement]:
    """Return verdicts on each order; where the meter gives the total alone, what that proves of each."""
    month = sound.month
    rule = Rule(
        check=NAME,
        reference=limits.reference,
        limits={
            order: OrderLimit(limit=shares[order].limit_a, formula=shares[order].formula)
            if shares
            else OrderLimit(limit=np.inf)
            for order in limits.amperes
        },
        reasons=_of_level(month, limits),
    )
    amperes = harmonic_amperes(sound)
    found = [] if amperes is None else judge_orders(month, amperes, rule)
    total = None if found else distortion_amperes(sound)
    if total is None:
        return found
    orders = tuple(limits.amperes)
    phases, _, length = total.values.shape
    bounds = replace(
        total, orders=orders, values=np.broadcast_to(total.values, (phases, len(orders), length))
    )
    told = (Reason(key="currents_bounded_by_thd"), *rule.reasons)
    return judge_orders(month, bounds, replace(rule, only_proves=True, reasons=told))


def _with_shares(judgement: Judgement, shares: Mapping[int, SharedLimit], point: QualityPoint) -> Judgement:
    """Add what the limit came from, and what voltage the current makes in the network."""
    share = shares.get(int(judgement.subject[1:] or 0)) if judgement.subject.startswith("h") else None
    if share is None or judgement.value is None or point.supply is None:
        return judgement
    content = voltage_content_percent(
        judgement.value,
        share.order,
        nominal_kv=point.nominal_kv,
        short_circuit_mva=point.supply.short_circuit_mva or np.nan,
    )
    more = {
        "table_a": share.table_a,
        "power_factor": share.power_factor,
        "share": share.share,
        "voltage_percent": content,
    }
    return replace(judgement, figures={**judgement.figures, **more})


def _without_limit(judgement: Judgement, why: tuple[Reason, ...]) -> Judgement:
    """Return how large the amperes are, with what it would take to judge them."""
    kept = [reason for reason in judgement.reasons if reason.key != "no_statistical_proof"]
    return replace(
        judgement,
        verdict=Compliance.NOT_DECIDABLE,
        limit=None,
        formula="",
        evidence=replace(judgement.evidence, if_missing_good=None, if_missing_bad=None),
        reasons=(*why, *kept),
    )


def _signature(national: Sequence[Judgement]) -> list[Judgement]:
    """Return which order stands out and what kind of load the spectrum looks like, as no verdict."""
    orders = [j for j in national if j.subject.startswith("h") and j.value is not None]
    if not orders or any(r.key == "currents_bounded_by_thd" for r in orders[0].reasons):
        return []
    found = signature({int(j.subject[1:]): j.value or 0.0 for j in orders})
    if found is None:
        return []
    dominant = next(j for j in orders if j.subject == f"h{found.dominant}")
    told = {
        "order": found.dominant,
        "amperes": float(f"{dominant.value:.3g}"),
        "percent": round(100.0 * found.dominant_share),
    }
    return [
        Judgement(
            check=NAME,
            subject=SIGNATURE,
            verdict=Compliance.NOT_APPLICABLE,
            value=dominant.value,
            unit="A",
            evidence=Evidence(n=dominant.evidence.n, phase=dominant.evidence.phase),
            reasons=(
                Reason(key="dominant_order", parameters=told),
                Reason(key=f"looks_{found.kind}", parameters={"percent": round(100.0 * found.kind_share)}),
            ),
            figures={"dominant": found.dominant, "kind": found.kind},
        )
    ]


def _of_level(month: PointMonth, limits: InjectionLimits) -> tuple[Reason, ...]:
    told = {"kv": month.point.nominal_kv, "row": limits.kv}
    return (
        *((Reason(key="level_by_practice", parameters=told),) if limits.by_practice else ()),
        Reason(key="sharing_clause", parameters={"clause": str(limits.sharing)}),
        Reason(key="polls_for_means", parameters={"minutes": round(month.period_s / 60.0, 1)}),
    )


def _no_level(standard: str, month: PointMonth) -> Judgement:
    told = Reason(key="no_level", parameters={"standard": standard, "kv": month.point.nominal_kv})
    return Judgement(check=NAME, verdict=Compliance.NOT_APPLICABLE, reasons=(told,))


def _nothing(sound: Consistency) -> tuple[Reason, ...]:
    """Return why there are no amperes: the meter gives no harmonics of the current, or not the current."""
    if current_distortion(sound) is not None:
        return (Reason(key="thd_without_current"),)
    given = [
        q for q in (*sound.month.values, *sound.month.spectra) if q.startswith(("current_thd", "current_h"))
    ]
    return sound.reasons_for(given) or (Reason(key="absent", parameters={"quantity": "current_thd"}),)


checks.register(NAME)(Check(name=NAME, part=5, judge=judge))
