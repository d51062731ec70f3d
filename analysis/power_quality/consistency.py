"""Which of a meter's readings contradict themselves or repeat, and must not be judged (数据一致性)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from analysis.power_quality.distortion_sums import distortion_blocks
from analysis.power_quality.judgement import Reason
from analysis.power_quality.plausibility import Blocks, plausibility_blocks
from analysis.power_quality.point_month import Columns, PointMonth
from analysis.power_quality.power_sums import power_blocks
from pipeline.quantities import Quantity

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistency:
    """What of a month's readings is sound."""

    month: PointMonth
    masks: Mapping[Quantity, Bools] = field(default_factory=dict)
    """Readings that must not be judged: one truth value a reading time (``taken_at`` or ``spectrum_at``)."""
    reasons: Mapping[Quantity, Sequence[Reason]] = field(default_factory=dict)
    """Why, by quantity; the parameter ``percent`` is the share of its known readings."""

    def sound(self, quantity: Quantity) -> Columns | None:
        """Return a quantity's column with NaN for what must not be judged; None where it is absent."""
        column = self.month.values.get(quantity, self.month.spectra.get(quantity))
        mask = self.masks.get(quantity)
        if column is None or mask is None or not mask.any():
            return column
        return np.where(mask if column.ndim == 1 else mask[:, None], np.nan, column)

    def reasons_for(self, quantities: Iterable[Quantity]) -> tuple[Reason, ...]:
        """Return the reasons that hold for any of some quantities: for those alike in all else one."""
        found: dict[tuple[str, tuple[tuple[str, str | int | float], ...]], list[str]] = {}
        for quantity in quantities:
            for reason in self.reasons.get(quantity, ()):
                rest = tuple((k, v) for k, v in reason.parameters.items() if k != "quantity")
                names = found.setdefault((reason.key, rest), [])
                if quantity.value not in names:
                    names.append(quantity.value)
        return tuple(
            Reason(key=key, parameters={"quantity": ", ".join(names), **dict(rest)})
            for (key, rest), names in found.items()
        )


@lru_cache(maxsize=1)  # every check asks it of the same month, one after the other
def consistency(month: PointMonth) -> Consistency:
    """Return which readings must not be judged, and why: for every check, before its verdict."""
    masks: dict[Quantity, Bools] = {}
    reasons: dict[Quantity, list[Reason]] = {}
    for rule in _RULES:
        for block in rule(month):
            known = masks.get(block.quantity)
            masks[block.quantity] = block.mask if known is None else known | block.mask
            reasons.setdefault(block.quantity, []).append(block.reason)
    return Consistency(month=month, masks=masks, reasons=reasons)


_RULES: Sequence[Blocks] = (plausibility_blocks, distortion_blocks, power_blocks)
