"""What a wrongly connected meter should have counted: the correction (追补电量) of a wiring error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.evidence import correction
from detectors.hysteresis import Stretch
from detectors.metering.element_powers import complex_power
from detectors.metering.wiring_cases import WiringState, right_state
from detectors.metering.wiring_fit import load_power
from detectors.ratings import ELEMENTS, Ratings
from pipeline.block import MeterMatrix
from pipeline.model import Json

HOW = (
    "each slot's load by least squares from all elements' powers, turned back as the wiring turned them;"
    " the register of active import counts nothing while the sum of the elements is negative"
)
ANGLES = range(-45, 61, 15)
"""Load angles in degrees, lagging above 0, for which the factor is told."""


def element_powers(window: MeterMatrix, state: WiringState, stretch: Stretch) -> NDArray[np.complex128]:
    """Return kW + j kvar of the elements in a stretch, on the meter's side: shape (elements, slots)."""
    where = slice(stretch.first, stretch.end)
    return np.stack([complex_power(window, e, stretch.row, where) for e in ELEMENTS[state.wiring]])


def wiring_correction(
    window: MeterMatrix, rated: Ratings, state: WiringState, stretch: Stretch
) -> dict[str, Json]:
    """Return factor and missing energy of a stretch in which the wiring was in a wrong state.

    The energy is below 0 where the wrong wiring counted too much.
    """
    powers = element_powers(window, state, stretch)
    ratio = rated.ratio_in(stretch.row, slice(stretch.first, stretch.end))
    true_kw = np.maximum(load_power(state, powers).real, 0.0) * ratio
    shown_kw = np.maximum(powers.sum(axis=0).real, 0.0) * ratio
    return {
        **correction(window, stretch, true_kw, shown_kw, how=HOW),
        "factor_by_angle": [[degrees, _rounded(state.factor(degrees))] for degrees in ANGLES],
        "formula": formula(state),
    }


def formula(state: WiringState) -> str:
    """Return the correction factor as a function of the load's angle, as it is written into a protocol."""
    shown = state.vectors.sum()
    due = right_state(state.wiring).vectors.sum().real
    if abs(shown) < 1e-9:  # noqa: PLR2004 - a sum of unit vectors that is nothing but rounding
        return "none: the elements add up to 0 at every load angle"
    return f"K = {due:.3f} cos φ / ({abs(shown):.3f} cos(φ {np.degrees(np.angle(shown)):+.0f}°))"


def _rounded(factor: float | None) -> float | None:
    return None if factor is None else round(factor, 4)
