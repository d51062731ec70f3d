"""Reactive power that compensation (无功补偿) must give to reach a power factor: P (tan phi1 - tan phi2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import acos, tan

from analysis.load.advice import Advice, advice, cents
from analysis.load.levels import AdviceLevels
from analysis.load.reactive import SpanPowerFactor
from analysis.power_factor import adjustment_percent, month_power_factor, standard_named
from pipeline.load_wants import Want


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """What of a span's bill the power-factor adjustment (力调) applies to."""

    yuan: Decimal | None
    """None where that is not known."""
    wants: Want | None
    """The entry that it would need then."""


def compensation(
    found: SpanPowerFactor, *, hours: float, highest_kw: float, adjusted: Adjusted, levels: AdviceLevels
) -> Advice | None:
    """Return how to lift a power factor to its standard, and what that saves; None where it is met.

    Where lagging energy alone would meet it there is too much compensation: what leads should go. Else there
    is too little, and where a bank for the lagging energy leaves the rest short, what leads must go too: an
    amount that leads counts like one that lags. The target is the contract's standard, or that of ``levels``
    where it has none.

    Args:
        found: The energies of the span.
        hours: Of the slots that they are of.
        highest_kw: Maximum demand, for which the bank must suffice.
        adjusted: What the adjustment applies to.
        levels: Has the target where there is no standard.
    """
    target = found.standard or levels.target_power_factor
    if found.kwh <= 0 or hours <= 0 or found.power_factor >= target:
        return None
    without_lead, lead_kvar = month_power_factor(found.kwh, found.lagging_kvarh), found.leading_kvarh / hours
    if without_lead >= target:
        return _advised("overcompensation", found, without_lead, adjusted, {"mean_kvar": lead_kvar})
    tan_now, tan_target = found.lagging_kvarh / found.kwh, tan(acos(target))
    mean_kw = found.kwh / hours
    quantities = {
        "mean_kw": mean_kw,
        "mean_kvar": mean_kw * (tan_now - tan_target),
        "highest_kw": highest_kw,
        "highest_kvar": highest_kw * (tan_now - tan_target),
        "tan_phi": tan_now,
        "target_tan_phi": tan_target,
    }
    if month_power_factor(found.kwh, found.kwh * tan_target + found.leading_kvarh) >= target:
        return _advised("compensation", found, target, adjusted, quantities)
    return _advised(
        "switched_compensation", found, target, adjusted, {**quantities, "leading_kvar": lead_kvar}
    )


def _advised(
    kind: str, found: SpanPowerFactor, target: float, adjusted: Adjusted, quantities: Mapping[str, float]
) -> Advice:
    """Return an advice with what the adjustment table gives for it."""
    told = {**quantities, "power_factor": found.power_factor, "target": target}
    standard = None if found.standard is None else standard_named(found.standard)
    if standard is None or found.adjustment_percent is None or adjusted.yuan is None:
        return advice(kind, saving_yuan=None, quantities=told, coverage=found.coverage, wants=adjusted.wants)
    reached = adjustment_percent(standard, target)
    points = Decimal(str(found.adjustment_percent)) - Decimal(str(reached))
    return advice(
        kind,
        saving_yuan=cents(adjusted.yuan * points / 100),
        quantities={
            **told,
            "adjustment_percent": found.adjustment_percent,
            "target_adjustment_percent": reached,
        },
        prices={"adjusted_yuan": adjusted.yuan},
        coverage=found.coverage,
    )
