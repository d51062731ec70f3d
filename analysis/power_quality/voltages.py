"""The voltages of a month that a check may judge: sound, supplied, and of a phase that is connected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.power_quality.connection import VOLTAGES, connection, measures, phase_of
from analysis.power_quality.consistency import consistency
from analysis.power_quality.judgement import Reason
from analysis.power_quality.point_month import PointMonth
from analysis.power_quality.shares import Series
from pipeline.quantities import Quantity
from pipeline.registry import Wiring


@dataclass(frozen=True, slots=True, kw_only=True)
class Voltages:
    """The voltages of a month, and what was left out of them."""

    series: Sequence[Series]
    """Volts, primary; NaN for what must not be judged."""
    absent: Sequence[str]
    """Phases that the wiring has and the meter does not show."""
    reasons: Sequence[Reason]
    """Why readings were left out."""

    by_phase: Mapping[str, Sequence[Reason]]
    """Of them, those that hold for one phase."""

    def reasons_of(self, phase: str | None) -> Sequence[Reason]:
        """Return why readings of one phase were left out, or of all."""
        return self.by_phase.get(phase or "", self.reasons)


def judged_voltages(month: PointMonth) -> Voltages:
    """Return the voltages that may be judged; ``voltage_ca`` of a three-wire meter may be absent."""
    sound, faults = consistency(month), connection(month)
    names = VOLTAGES[month.point.wiring]
    series = []
    for quantity in names:
        volts = sound.sound(quantity)
        if volts is not None and measures(month, quantity):
            left_out = faults.dark | faults.lost.get(quantity, np.bool_(False))  # noqa: FBT003 - numpy's own
            series.append(
                Series(values=np.where(left_out, np.nan, volts), dark=faults.dark, phase=phase_of(quantity))
            )
    wanted = names[:2] if month.point.wiring is Wiring.THREE_PHASE_THREE_WIRE else names
    return Voltages(
        series=series,
        absent=[phase_of(q) for q in wanted if q not in month.values],
        reasons=(*sound.reasons_for(names), *faults.reasons),
        by_phase={
            phase_of(q): (
                *sound.reasons_for([q]),
                *(r for r in faults.reasons if r.parameters.get("phase", phase_of(q)) == phase_of(q)),
            )
            for q in names
        },
    )


def absent_reasons(phases: Sequence[str]) -> tuple[Reason, ...]:
    """Return that the meter does not show the voltages of some phases."""
    return tuple(
        Reason(key="absent", parameters={"quantity": Quantity(f"voltage_{phase.lower()}").value})
        for phase in phases
    )
