"""Harmonic currents in amperes: a share of the fundamental means nothing without the current of that time."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from analysis.harmonic_indices import distortion_percent, fundamental
from analysis.power_quality.consistency import Consistency
from analysis.power_quality.harmonic_readings import (
    LOWEST_ORDER,
    PhaseColumns,
    current_distortion,
    current_orders,
    elements,
    nearest,
)
from analysis.power_quality.judgement import Reason
from analysis.power_quality.point_month import Columns
from pipeline.block import Times
from pipeline.quantities import Quantity

APART_S: Final = 300.0
"""A current and a spectrum further apart than this are not of one instant (own); nor is half a period."""


def harmonic_amperes(sound: Consistency) -> PhaseColumns | None:
    """Return I_h by phase and order, primary A: HRI_h of the fundamental at that time."""
    return _in_amperes(sound, current_orders(sound))


def distortion_amperes(sound: Consistency) -> PhaseColumns | None:
    """Return all harmonics of each phase's current together, primary A: THD_I of the fundamental."""
    return _in_amperes(sound, current_distortion(sound))


def _in_amperes(sound: Consistency, percent: PhaseColumns | None) -> PhaseColumns | None:
    if percent is None:
        return None
    scale = fundamental_amperes(sound, percent.at) / 100.0
    currents = [Quantity(f"current_{element.suffix}") for element in elements(sound.month)]
    absent = [q for q in currents if q not in sound.month.values]
    more = (
        *(Reason(key="absent", parameters={"quantity": q.value}) for q in absent),
        *sound.reasons_for(currents),
    )
    return replace(
        percent,
        values=[rows * own for rows, own in zip(percent.values, scale, strict=True)],
        unit="A",
        reasons=(*percent.reasons, *more),
    )


def fundamental_amperes(sound: Consistency, at: Times) -> Columns:
    """Return each phase's ``I_1 = I / sqrt(1 + THD_I^2)`` at some times, primary A, shape (phases, len(at)).

    The electrical reading nearest to each time counts, if one is near enough; where the meter has no THD
    register the orders of its spectrum take its place.
    """
    month = sound.month
    phases = elements(month)
    amperes = np.full((len(phases), len(at)), np.nan)
    own_row, near = nearest(month.taken_at, at, min(month.period_s / 2.0, APART_S))
    spectrum_row, of_spectrum = nearest(month.spectrum_at, at, APART_S)
    for place, element in enumerate(phases):
        rms = sound.sound(Quantity(f"current_{element.suffix}"))
        if rms is None or not len(rms):
            continue
        thd = np.full(len(at), np.nan)
        orders = sound.sound(Quantity(f"current_harmonic_{element.suffix}"))
        if orders is not None and len(orders):
            thd = np.where(of_spectrum, _totals(orders)[spectrum_row], np.nan)
        register = sound.sound(Quantity(f"current_thd_{element.suffix}"))
        if register is not None and len(register):
            told = np.where(near, register[own_row], np.nan)
            thd = np.where(np.isnan(told), thd, told)
        amperes[place] = np.where(near, fundamental(rms[own_row], thd), np.nan)
    return amperes


def _totals(orders: Columns) -> Columns:
    """Return the total of each spectrum, shape ``(n, orders + 1)`` in; NaN where it has no order."""
    known = np.nan_to_num(orders[:, LOWEST_ORDER:])
    return np.where(np.isnan(orders[:, LOWEST_ORDER:]).all(axis=1), np.nan, distortion_percent(known))
