"""Whose the harmonic voltage is: the network's background or the customer's own current, as an estimate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from analysis.harmonic_currents import voltage_content_percent
from analysis.harmonic_share import OwnShare, own_share
from analysis.power_quality.block_values import Floats, block_values
from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.harmonic_amperes import harmonic_amperes
from analysis.power_quality.harmonic_readings import PhaseColumns, sound_readings, voltage_orders
from analysis.power_quality.judgement import Compliance, Evidence, Judgement, Reason
from analysis.power_quality.point_month import PointMonth
from pipeline.timegrid import to_numpy

NAME: Final = "harmonic_source"
ORDERS: Final = (3, 5, 7, 11, 13, 17, 19)
"""What converters and single-phase electronics make; others are too small to be told apart (own)."""
LEAST_PERCENT: Final = 0.2
"""A voltage below this is a few steps of the register's last digit (own)."""
HALF: Final = 0.5
POINTS: Final = 150
"""Of the scatter that a report shows."""
NETWORK, CUSTOMER, UNDECIDABLE = "network", "customer", "undecidable"


def judge(month: PointMonth) -> Sequence[Judgement]:
    """Return for each order of weight which share of its voltage goes with the customer's current."""
    sound = sound_readings(month)
    voltages, amperes = voltage_orders(sound), harmonic_amperes(sound)
    if voltages is None or amperes is None:
        return []
    high = block_values(voltages.values, voltages.expected).value
    found = [
        _of_order(month, voltages, amperes, order, high)
        for order in ORDERS
        if order in voltages.orders and order in amperes.orders
    ]
    return [judgement for judgement in found if judgement is not None]


def _of_order(
    month: PointMonth, voltages: PhaseColumns, amperes: PhaseColumns, order: int, high: Floats
) -> Judgement | None:
    place = voltages.orders.index(order)
    if not (high[:, place] >= LEAST_PERCENT).any():
        return None
    phase = int(np.nanargmax(high[:, place]))
    u, i = voltages.values[phase][place], amperes.values[phase][amperes.orders.index(order)]
    days = ((voltages.at - to_numpy(month.starts_at)) // np.timedelta64(1, "D")).astype(np.int64)
    share = own_share(u, i, days, seed=order)
    if share is None:
        return None
    own = _by_formula(month, u, i, order)
    source, reason = _source(share, own)
    told = {
        "order": order,
        "percent": round(_percent(share.share)),
        "low": round(_percent(share.low)),
        "high": round(_percent(share.high)),
    }
    formula = (
        () if own is None else (Reason(key="share_by_formula", parameters={"percent": round(_percent(own))}),)
    )
    return Judgement(
        check=NAME,
        subject=f"h{order}",
        verdict=Compliance.NOT_APPLICABLE,
        value=_percent(share.share),
        unit="%",
        evidence=Evidence(n=share.n, phase=voltages.phases[phase]),
        reasons=(Reason(key=reason, parameters=told), *formula, Reason(key="share_is_estimate")),
        figures={
            "source": source,
            "share_low_percent": _percent(share.low),
            "share_high_percent": _percent(share.high),
            "background_percent": share.background_percent,
            "slope": share.slope,
            "share_by_formula_percent": None if own is None else 100.0 * own,
            "scatter": _scatter(i, u),
        },
    )


def _source(share: OwnShare, by_formula: float | None) -> tuple[str, str]:
    """Return whose the voltage is, and the reason's key.

    The formula takes the smallest short-circuit power, so it gives the most that the current can make without
    a resonance: where it leaves no room for what the regression says, nothing is decided.
    """
    if share.high < HALF:
        return NETWORK, "source_network"
    if share.low <= HALF:
        return UNDECIDABLE, "source_undecidable"
    if by_formula is not None and by_formula < HALF:
        return UNDECIDABLE, "source_contradicts_formula"
    return CUSTOMER, "source_customer"


def _by_formula(month: PointMonth, u: Floats, i: Floats, order: int) -> float | None:
    """Return the share of the mean square that the current makes in the network's short-circuit impedance."""
    supply = month.point.supply
    if supply is None or not supply.short_circuit_mva:
        return None
    known = np.isfinite(u) & np.isfinite(i)
    one_ampere = voltage_content_percent(
        1.0, order, nominal_kv=month.point.nominal_kv, short_circuit_mva=supply.short_circuit_mva
    )
    return float(np.mean((one_ampere * i[known]) ** 2) / np.mean(u[known] ** 2))


def _percent(share: float) -> float:
    """Return a share as it is shown: a line whose intercept is below 0 explains all and no more."""
    return 100.0 * min(max(share, 0.0), 1.0)


def _scatter(i: Floats, u: Floats) -> list[list[float]]:
    """Return pairs of current and voltage, evenly thinned."""
    known = np.flatnonzero(np.isfinite(u) & np.isfinite(i))
    chosen = known[:: max(-(-len(known) // POINTS), 1)]
    return [[float(f"{a:.4g}"), float(f"{b:.4g}")] for a, b in zip(i[chosen], u[chosen], strict=True)]


checks.register(NAME)(Check(name=NAME, part=13, judge=judge))
