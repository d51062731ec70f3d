"""What harmonic currents a user may inject, how those of several sources add up, and what voltage they make.

GB/T 14549-1993, Annexes B and C. The formula is part of the answer, for wrong forms of
the sharing are in use.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sqrt

from analysis.harmonic_limits import InjectionLimits, share_exponent, sum_coefficient


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedLimit:
    """What one user may inject of one order, and how that follows from the standard's table."""

    order: int
    table_a: float
    """For all users, at the base short-circuit power."""
    power_factor: float
    """Short-circuit power at the point over the base power: multiplies the table's amperes."""
    share: float
    """The user's part of it, at most 1."""
    limit_a: float
    formula: str
    """With the numbers put in."""


def shared_limit(
    limits: InjectionLimits,
    order: int,
    *,
    short_circuit_mva: float,
    agreed_mva: float,
    equipment_mva: float,
) -> SharedLimit:
    """Return ``I_h = I_hp S_k1 / S_k2 (S_i / S_t)^(1 / alpha)``.

    Args:
        limits: The row of the point's level.
        order: One of the row's.
        short_circuit_mva: S_k1, the smallest at the point of common coupling.
        agreed_mva: S_i, the user's agreed power.
        equipment_mva: S_t, of the supply equipment there; not below ``agreed_mva``.
    """
    table, alpha = limits.amperes[order], share_exponent(order)
    factor = short_circuit_mva / limits.base_mva
    share = (agreed_mva / equipment_mva) ** (1.0 / alpha)
    limit = table * factor * share
    return SharedLimit(
        order=order,
        table_a=table,
        power_factor=factor,
        share=share,
        limit_a=limit,
        formula=(
            f"I_{order} = {table:g} A × {short_circuit_mva:g} MVA / {limits.base_mva:g} MVA"
            f" × ({agreed_mva:g} MVA / {equipment_mva:g} MVA)^(1/{alpha:g}) = {limit:.6g} A"
        ),
    )


def sum_of_two(first_a: float, second_a: float, order: int, angle_deg: float | None = None) -> float:
    """Return the sum of two sources' currents of one order, A; without their angle by Annex C's coefficient.

    More than two are added pair by pair.
    """
    coefficient = sum_coefficient(order) if angle_deg is None else 2.0 * cos(radians(angle_deg))
    return sqrt(max(first_a**2 + second_a**2 + coefficient * first_a * second_a, 0.0))


def voltage_content_percent(
    current_a: float, order: int, *, nominal_kv: float, short_circuit_mva: float
) -> float:
    """Return HRU_h of a harmonic current in the network's impedance: ``sqrt(3) U_N h I_h / (10 S_k)``, %.

    It takes the impedance as inductive: near a resonance with capacitors the voltage is higher.
    """
    return sqrt(3.0) * nominal_kv * order * current_a / (10.0 * short_circuit_mva)


def resonance_order(short_circuit_mva: float, capacitor_mvar: float) -> float:
    """Return the order at which a capacitor and the network resonate in parallel: ``sqrt(S_k / Q_c)``."""
    return sqrt(short_circuit_mva / capacitor_mvar)
