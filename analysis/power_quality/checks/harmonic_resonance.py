"""Resonance hint (谐振提示): where capacitors and the network resonate, and what is measured there."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from analysis.harmonic_currents import resonance_order
from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.judgement import Compliance, Judgement, Reason
from analysis.power_quality.point_month import PointMonth

NAME: Final = "harmonic_resonance"
SOURCE_CHECK: Final = "harmonic_voltage"
NEAR: Final = 1.0
"""An order within so many orders of the resonance is amplified (own)."""
RAISED: Final = 0.5
"""An order at this share of its limit or above it is raised (own)."""


def conclude(month: PointMonth, judgements: Sequence[Judgement]) -> list[Judgement]:
    """Return for each number of capacitor steps switched on where the resonance lies, and what it raises.

    A hint and no verdict: steps are taken as switched on one after the other with the smallest short-circuit
    power; the larger one of normal operation puts the resonance at a higher order.
    """
    supply, steps = month.point.supply, month.point.capacitors_mvar
    if supply is None or not supply.short_circuit_mva:
        return []
    judged = {
        int(j.subject[1:]): j for j in judgements if j.check == SOURCE_CHECK and j.subject.startswith("h")
    }
    power = supply.short_circuit_mva
    return [
        _hint(resonance_order(power, switched), switched, judged)
        for switched in accumulate(step for step in steps if step > 0.0)
    ]


def _hint(order: float, switched_mvar: float, judged: dict[int, Judgement]) -> Judgement:
    near = [
        judgement
        for measured, judgement in judged.items()
        if abs(measured - order) <= NEAR and judgement.value is not None
    ]
    raised = [j for j in near if (j.value or 0.0) >= RAISED * (j.limit or float("inf"))]
    told = {"mvar": float(f"{switched_mvar:.3g}"), "order": round(order, 1)}
    named = {"orders": ", ".join(j.subject.removeprefix("h") for j in raised)}
    unraised = "resonance_quiet" if near else "resonance_unmeasured"
    return Judgement(
        check=NAME,
        subject=f"{switched_mvar:g} Mvar",
        verdict=Compliance.NOT_APPLICABLE,
        value=order,
        unit="1",
        reasons=(
            Reason(key="resonance_raises", parameters={**told, **named})
            if raised
            else Reason(key=unraised, parameters=told),
        ),
    )


checks.register(NAME)(Check(name=NAME, part=13, conclude=conclude))
