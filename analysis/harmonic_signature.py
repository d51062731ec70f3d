"""What kind of load a current's spectrum looks like: converters, single-phase electronics, half-waves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Orders that together tell one kind of load."""

    name: str
    orders: frozenset[int]
    least_share: float
    """Of the sum of all orders' squares, from which the kind is named (own)."""


KINDS: Final = (
    # The first that fits is named: a twelve-pulse converter's orders are also among a six-pulse one's.
    Kind(name="even", orders=frozenset(range(2, 51, 2)), least_share=0.3),
    Kind(name="single_phase", orders=frozenset(range(3, 51, 6)), least_share=0.5),
    Kind(name="twelve_pulse", orders=frozenset({11, 13, 23, 25, 35, 37, 47, 49}), least_share=0.6),
    Kind(name="six_pulse", orders=frozenset({*range(5, 51, 6), *range(7, 51, 6)}), least_share=0.7),
)
"""Even: half-wave rectifiers or a saturated transformer. Single-phase: electronics, whose orders 3, 9, 15 add
up in the neutral. Pulses: converters, 6 k ± 1 and 12 k ± 1."""
MIXED: Final = "mixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What stands out of a spectrum."""

    dominant: int
    dominant_share: float
    """Of the sum of all orders' squares: 0 to 1."""
    kind: str
    """A name of :data:`KINDS`, or :data:`MIXED`."""
    kind_share: float


def signature(amperes: Mapping[int, float]) -> Signature | None:
    """Return what a spectrum looks like; None where it has no order at all.

    Args:
        amperes: By order from 2; any one unit does.
    """
    squares = {order: current**2 for order, current in amperes.items()}
    total = sum(squares.values())
    if not total:
        return None
    dominant = max(squares, key=lambda order: squares[order])
    for kind in KINDS:
        share = sum(square for order, square in squares.items() if order in kind.orders) / total
        if share >= kind.least_share:
            return Signature(
                dominant=dominant,
                dominant_share=squares[dominant] / total,
                kind=kind.name,
                kind_share=share,
            )
    return Signature(dominant=dominant, dominant_share=squares[dominant] / total, kind=MIXED, kind_share=1.0)
