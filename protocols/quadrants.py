"""Reactive energy by direction out of its quadrants, for meters that tell them alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from pipeline.model import Value
from pipeline.quantities import QUADRANTS_OF, Quantity

SIGNIFICANT: Final = ".13g"
"""Digits that a sum keeps: more than any register shows; the rest is noise of binary fractions."""


def sums_of(quantities: Collection[Quantity]) -> frozenset[Quantity]:
    """Return the sums that a meter with some quantities has without telling them itself."""
    return frozenset(
        whole
        for whole, parts in QUADRANTS_OF.items()
        if whole not in quantities and set(parts) <= set(quantities)
    )


def summed(values: Mapping[Quantity, Value]) -> dict[Quantity, Value]:
    """Return the sums whose quadrants are both there; one of a quadrant that is missing is missing too."""
    found: dict[Quantity, Value] = {}
    for whole in sums_of(values.keys()):
        one, other = (values[part] for part in QUADRANTS_OF[whole])
        if isinstance(one, float) and isinstance(other, float):
            found[whole] = float(format(one + other, SIGNIFICANT))
    return found
