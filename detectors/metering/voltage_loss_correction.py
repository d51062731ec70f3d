"""What a meter would have shown with all its voltages: the correction (追补电量) of a voltage loss."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from detectors.evidence import correction
from detectors.hysteresis import Stretch
from detectors.metering.element_powers import balanced_turn, before, column, complex_power
from detectors.ratings import ELEMENTS, Element, Ratings
from pipeline.block import MeterMatrix
from pipeline.model import Json
from pipeline.registry import Wiring

MEASURABLE = 0.1
"""Share of the nominal voltage above which a lost element's own power still tells its angle."""
SOUND = 0.85
"""Share of the nominal voltage above which a voltage before the stretch was not lost."""
HOW = (
    "each lost element's power at the voltage of the others (of the days before where none is left):"
    " its own power raised by the voltages' ratio,"
    " or its current at the angle of the other elements or of the days before"
)

Floats = NDArray[np.float64]


def loss_correction(
    window: MeterMatrix, rated: Ratings, wiring: Wiring, stretch: Stretch, lost: Collection[str]
) -> dict[str, Json]:
    """Return factor and missing energy of a stretch in which some elements had no voltage."""
    row, where = stretch.row, slice(stretch.first, stretch.end)
    nominal_v = float(rated.nominal_v[row])
    elements = ELEMENTS[wiring]
    healthy = [e for e in elements if e.phase not in lost]
    others = [column(window, e.voltage, row, where) for e in healthy]
    true_kw, shown_kw = np.zeros((2, stretch.end - stretch.first))
    for element in elements:
        power_kw = column(window, element.power, row, where)
        shown_kw = shown_kw + power_kw
        if element in healthy:
            true_kw = true_kw + power_kw
            continue
        volts = column(window, element.voltage, row, where)
        amps = column(window, element.current, row, where)
        reference_v = np.mean(others, axis=0) if others else _usual_v(window, stretch, element, nominal_v)
        factor = _power_factor(window, wiring, stretch, element, healthy)
        raised = power_kw * reference_v / np.where(volts > 0, volts, np.nan)
        assumed = reference_v * amps * factor / 1000.0
        true_kw = true_kw + np.where(volts > MEASURABLE * nominal_v, raised, assumed)
    ratio = rated.ratio_in(row, where)
    return correction(window, stretch, true_kw * ratio, shown_kw * ratio, how=HOW)


def _usual_v(window: MeterMatrix, stretch: Stretch, element: Element, nominal_v: float) -> Floats:
    """Return the mean voltage of an element's days before; the nominal one where they are not known."""
    volts = column(window, element.voltage, stretch.row, before(stretch))
    sound = volts[volts > SOUND * nominal_v]
    return np.full(stretch.end - stretch.first, float(sound.mean()) if len(sound) else nominal_v)


def _power_factor(
    window: MeterMatrix, wiring: Wiring, stretch: Stretch, element: Element, healthy: Collection[Element]
) -> Floats:
    """Return the power factor that an element would show, shape (slots of the stretch,).

    Where another element is left the load is taken as balanced; where none is left the element's own days
    before tell.
    """
    row, where = stretch.row, slice(stretch.first, stretch.end)
    if not healthy:
        volts, amps, power_kw = (
            column(window, q, row, before(stretch)) for q in (element.voltage, element.current, element.power)
        )
        kva = volts * amps / 1000.0
        known = np.isfinite(kva) & np.isfinite(power_kw)
        total = float(kva[known].sum())
        factor = float(power_kw[known].sum()) / total if total > 0 else np.nan
        return np.full(stretch.end - stretch.first, factor)
    power = np.sum([complex_power(window, other, row, where) for other in healthy], axis=0)
    angle: Floats = np.angle(power * balanced_turn(wiring, element, list(healthy)))
    return np.cos(angle)
