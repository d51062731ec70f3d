"""Reactive energy of a month (无功电量): lagging and leading, from registers or quadrants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from analysis.settlement.billing_month import RegisterPair
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


def reactive_energy(registers: Sequence[RegisterPair]) -> Reactive:
    """Return both; a meter that has no leading register counts none."""
    lagging, lagging_from = _sum(registers, LAGGING)
    leading, leading_from = _sum(registers, LEADING)
    return Reactive(
        lagging_kvarh=lagging,
        leading_kvarh=abs(leading or Decimal(0)),
        registers=lagging_from | leading_from,
    )


def _sum(
    registers: Sequence[RegisterPair], ways: Sequence[Sequence[str]]
) -> tuple[Decimal | None, frozenset[int]]:
    total: Decimal | None = None
    used: set[int] = set()
    for meter in {pair.meter for pair in registers}:
        for quantities in ways:
            found = [
                index
                for index, pair in enumerate(registers)
                if pair.meter == meter and pair.quantity in quantities and pair.counted >= 0
            ]
            if found:
                total = (total or Decimal(0)) + sum((registers[i].energy for i in found), Decimal(0))
                used.update(found)
                break
    return total, frozenset(used)
