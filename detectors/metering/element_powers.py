"""The complex powers of a meter's elements, and what one would show by the others (追补电量)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.hysteresis import Stretch
from detectors.ratings import Element
from pipeline.block import MeterMatrix
from pipeline.model import Json
from pipeline.quantities import Quantity
from pipeline.registry import Wiring

BEFORE_SLOTS = 7 * 96
"""Slots before a stretch that tell what an element usually shows."""
LEAST_BEFORE_SLOTS = 4
"""So many of them must be known."""
NOT_EMPTY = 0.02
"""Share of the others' power below which an element showed nothing that tells its usual one."""
_SIXTY = np.exp(1j * np.pi / 3.0)

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Complexes = NDArray[np.complex128]


def before(stretch: Stretch) -> slice:
    """Return the slots that are looked back at."""
    return slice(max(stretch.first - BEFORE_SLOTS, 0), stretch.first)


def column(window: MeterMatrix, quantity: Quantity, row: int, where: slice) -> Floats:
    """Return a meter's values of some slots; missing ones where nobody read the quantity."""
    values = window.values.get(quantity)
    if values is None:
        return np.full(len(window.starts_at[where]), np.nan)
    return values[row, where].astype(np.float64)


def complex_power(window: MeterMatrix, element: Element, row: int, where: slice) -> Complexes:
    """Return kW + j kvar of an element on the meter's side."""
    return column(window, element.power, row, where) + 1j * column(window, element.reactive, row, where)


def comparable_power(
    window: MeterMatrix, wiring: Wiring, element: Element, row: int, where: slice
) -> Complexes:
    """Return what elements are compared by: kW, with kvar in a three-wire meter, whose angles differ."""
    if wiring is Wiring.THREE_PHASE_THREE_WIRE:
        return complex_power(window, element, row, where)
    return column(window, element.power, row, where).astype(np.complex128)


def balanced_turn(wiring: Wiring, element: Element, others: Sequence[Element]) -> complex:
    """Return what the others' summed power is turned by, to that of ``element``, under a balanced load.

    In a three-wire meter Uab with Ia is at the load's angle plus 30 degrees, Ucb with Ic at that angle less
    30; in a four-wire meter all elements are at the load's angle.
    """
    if wiring is not Wiring.THREE_PHASE_THREE_WIRE or not others:
        return 1.0 + 0.0j
    return complex(_SIXTY if element.phase == "A" else _SIXTY.conjugate())


def usual_share(
    window: MeterMatrix, wiring: Wiring, stretch: Stretch, element: Element, others: Sequence[Element]
) -> tuple[complex, bool]:
    """Return the element's power by that of the others together, and whether the days before told it.

    A complex number, for elements may stand at other angles; of a balanced load where too little is known.
    """
    where = before(stretch)
    own = comparable_power(window, wiring, element, stretch.row, where)
    rest = np.sum([comparable_power(window, wiring, other, stretch.row, where) for other in others], axis=0)
    known = np.isfinite(own) & np.isfinite(rest) & (np.abs(own) > NOT_EMPTY * np.abs(rest))
    weight = float((np.abs(rest[known]) ** 2).sum())
    if known.sum() >= LEAST_BEFORE_SLOTS and weight > 0:
        return complex((own[known] * rest[known].conjugate()).sum() / weight), True
    return balanced_turn(wiring, element, others) / max(len(others), 1), False


def known_number(value: Json) -> float | None:
    """Return a number of evidence; None where it is missing."""
    return float(value) if isinstance(value, (int, float)) else None
