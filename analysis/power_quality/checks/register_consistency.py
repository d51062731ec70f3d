"""Consistency of registers (数据一致性): which figures of the month may be judged at all.

Part 11 of the report. No standard sets a limit: a figure that contradicts itself leaves verdicts open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.connection import phase_of
from analysis.power_quality.consistency import Consistency, consistency
from analysis.power_quality.judgement import Compliance, Evidence, Judgement, Reason
from analysis.power_quality.point_month import Columns, PointMonth
from analysis.power_quality.probability import LEAST_COVERAGE
from pipeline.quantities import Quantity
from pipeline.timegrid import from_numpy

NAME = "register_consistency"
_PHASES: Final = ("a", "b", "c")
FIGURES: Final[Mapping[str, tuple[str, ...]]] = {
    "voltage": (*_PHASES, "ab", "bc", "ca"),
    "current": _PHASES,
    "active_power": ("", *_PHASES),
    "reactive_power": ("", *_PHASES),
    "apparent_power": ("", *_PHASES),
    "power_factor": ("", *_PHASES),
    "frequency": ("",),
    "voltage_thd": _PHASES,
    "current_thd": _PHASES,
    "voltage_harmonic": _PHASES,
    "current_harmonic": _PHASES,
}
"""What is looked at, and whose: a stem and its endings."""


def judge(month: PointMonth) -> Sequence[Judgement]:
    """Return one judgement a figure: compliant, or not decidable where too much contradicts itself."""
    sound = consistency(month)
    return [
        _of_figure(sound, stem, [Quantity(f"{stem}_{end}" if end else stem) for end in ends])
        for stem, ends in FIGURES.items()
    ]


def _of_figure(sound: Consistency, stem: str, quantities: Sequence[Quantity]) -> Judgement:
    month = sound.month
    columns = {**month.values, **month.spectra}
    given = [q for q in quantities if q in columns]
    if not given:
        return Judgement(
            check=NAME,
            subject=stem,
            verdict=Compliance.NOT_APPLICABLE,
            reasons=(Reason(key="absent", parameters={"quantity": stem}),),
        )
    known = {q: _known(columns[q]) for q in given}
    shares = {q: _blocked_percent(sound, q, known[q]) for q in given}
    worst = max(given, key=lambda q: shares[q])
    is_spectrum = worst in month.spectra
    times = month.spectrum_at if is_spectrum else month.taken_at
    period_s = month.spectrum_period_s if is_spectrum else month.period_s
    n = int(np.count_nonzero(known[worst]))
    expected = month.expected(period_s) if period_s else n
    blocked = sound.masks.get(worst)
    has_any = blocked is not None and blocked.any()
    decides = shares[worst] <= 100.0 * (1.0 - LEAST_COVERAGE)
    return Judgement(
        check=NAME,
        subject=stem,
        verdict=Compliance.COMPLIANT if decides else Compliance.NOT_DECIDABLE,
        value=round(shares[worst], 3),
        unit="%",
        evidence=Evidence(
            n=n,
            coverage=min(n / expected, 1.0) if expected else 0.0,
            phase=phase_of(worst) if has_any and worst != stem else None,
            at=from_numpy(times[int(np.argmax(blocked))]) if blocked is not None and has_any else None,
        ),
        reasons=sound.reasons_for(given) or (Reason(key="no_contradiction"),),
        figures={"blocked_percent": {q.value: round(shares[q], 3) for q in given}},
    )


def _known(column: Columns) -> NDArray[np.bool_]:
    rows = column if column.ndim > 1 else column[:, None]
    return np.asarray(np.isfinite(rows).any(axis=1))


def _blocked_percent(sound: Consistency, quantity: Quantity, known: NDArray[np.bool_]) -> float:
    mask = sound.masks.get(quantity)
    return 0.0 if mask is None else 100.0 * float((mask & known).sum()) / max(int(known.sum()), 1)


checks.register(NAME)(Check(name=NAME, part=11, judge=judge))
