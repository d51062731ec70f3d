"""Reactive energy of a month (无功电量): lagging and leading, from registers or quadrants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from analysis.settlement.billing_month import RegisterPair
from analysis.settlement.metered import EDGE_TOLERANCE
from analysis.settlement.segments import Segment
from pipeline.quantities import Quantity

LAGGING = (
    (Quantity.REACTIVE_ENERGY_IMPORT,),
    (Quantity.REACTIVE_ENERGY_Q1, Quantity.REACTIVE_ENERGY_Q2),
)
"""The register, or the quadrants that make it (DESIGN section 3)."""
LEADING = (
    (Quantity.REACTIVE_ENERGY_EXPORT,),
    (Quantity.REACTIVE_ENERGY_Q3, Quantity.REACTIVE_ENERGY_Q4),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reactive:
    """Reactive energy, primary side; ``lagging_kvarh`` is None where no register counts it."""

    lagging_kvarh: Decimal | None
    leading_kvarh: Decimal
    registers: frozenset[int]


def reactive_energy(segments: Sequence[Segment], registers: Sequence[RegisterPair]) -> Reactive:
    """Return both, of meters that counted while a tariff adjusts by power factor; of all where none does.

    A meter that has no leading register counts none.
    """
    adjusted = [segment for segment in segments if segment.tariff.power_factor]
    lagging, lagging_from = _sum(registers, LAGGING, adjusted)
    leading, leading_from = _sum(registers, LEADING, adjusted)
    return Reactive(
        lagging_kvarh=lagging,
        leading_kvarh=abs(leading or Decimal(0)),
        registers=lagging_from | leading_from,
    )


def _sum(
    registers: Sequence[RegisterPair], ways: Sequence[Sequence[str]], adjusted: Sequence[Segment]
) -> tuple[Decimal | None, frozenset[int]]:
    total: Decimal | None = None
    used: set[int] = set()
    for meter in {pair.meter for pair in registers}:
        for quantities in ways:
            found = [
                index
                for index, pair in enumerate(registers)
                if pair.meter == meter
                and pair.quantity in quantities
                and pair.counted >= 0
                and (not adjusted or any(_meets(pair, segment) for segment in adjusted))
            ]
            if found:
                total = (total or Decimal(0)) + sum((registers[i].energy for i in found), Decimal(0))
                used.update(found)
                break
    return total, frozenset(used)


def _meets(pair: RegisterPair, segment: Segment) -> bool:
    overlap = min(pair.closing.at, segment.ends_at) - max(pair.opening.at, segment.starts_at)
    return overlap > EDGE_TOLERANCE
