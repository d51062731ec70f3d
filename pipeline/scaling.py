"""What a foreign field measures, as people write it: a quantity, and the factor to our unit."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pipeline.quantities import Kind, Quantity

_NUMBERS = {q.value: q for q in Quantity if q.kind in (Kind.COUNTER, Kind.REAL)}


@dataclass(frozen=True, slots=True)
class Scaled:
    """A foreign number times ``factor`` is the quantity in its own unit."""

    quantity: Quantity
    factor: float = 1.0


def parse_scaled(text: str) -> Scaled:
    """Return what ``active_power`` or ``active_power * 0.001`` says.

    Raises:
        ValueError: If it names no quantity that is one number, or the factor is none; the text says which.
    """
    name, star, factor = (part.strip() for part in text.partition("*"))
    if name not in _NUMBERS:
        raise ValueError(f"{name!r} is no quantity; write one like 'active_power' or 'active_power * 0.001'")
    if not star:
        return Scaled(_NUMBERS[name])
    try:
        number = float(factor)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number == 0:
        raise ValueError(f"{factor!r} is no factor; write one like '{name} * 0.001'")
    return Scaled(_NUMBERS[name], number)
