"""Current unbalance (三相电流不平衡度), and how much voltage unbalance it makes by itself (GB/T 15543-2008).

Currents' phasors come from their sizes and the angles between voltage and current, with the voltages taken
120 degrees apart. No standard limits the currents; readings below 5 % of the rating say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.power_quality.bands import bands
from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.connection import connection
from analysis.power_quality.consistency import Consistency, consistency
from analysis.power_quality.judgement import Compliance, Evidence, Judgement, Reason
from analysis.power_quality.point_month import Columns, PointMonth, QualityPoint
from analysis.power_quality.probability import probability_value
from analysis.power_quality.shares import furthest, summary
from analysis.power_quality.unbalance import deviation_from_mean, phasor
from analysis.waveform.sequences import components
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from pipeline.timegrid import from_numpy

NAME = "current_unbalance"
PHASES: Final = 3
LEAST_SHARE: Final = 0.05
"""Of the rated current: below it positive sequence is mostly error (power-quality practice)."""
APART_DEGREES: Final = 90.0
"""Loads of one customer whose angles differ by more are connected wrong, or one phase generates (own)."""

Bools = NDArray[np.bool_]
Phasors = NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class _Element:
    """One current: its register, that of its angle, and where its voltage stands, degrees."""

    current: Quantity
    angle: Quantity
    voltage_degrees: float


_ELEMENTS: Final = {
    Wiring.THREE_PHASE_FOUR_WIRE: (
        _Element(Quantity.CURRENT_A, Quantity.PHASE_ANGLE_A, 0.0),
        _Element(Quantity.CURRENT_B, Quantity.PHASE_ANGLE_B, -120.0),
        _Element(Quantity.CURRENT_C, Quantity.PHASE_ANGLE_C, 120.0),
    ),
    # Uab with Ia and Ucb with Ic; the third current is what makes their sum nothing.
    Wiring.THREE_PHASE_THREE_WIRE: (
        _Element(Quantity.CURRENT_A, Quantity.PHASE_ANGLE_A, 30.0),
        _Element(Quantity.CURRENT_C, Quantity.PHASE_ANGLE_C, 90.0),
    ),
}


def judge(month: PointMonth) -> Sequence[Judgement]:
    """Return the unbalance of the currents, and the user's own share of the voltage's as a figure."""
    point = month.point
    if point.wiring is Wiring.ONE_PHASE:
        return [_without(Reason(key="single_phase"), Compliance.NOT_APPLICABLE)]
    if point.rated_current_a is None:
        return [_without(Reason(key="wants_entry", parameters={"entry": "meter.rated_current_a"}))]
    sound = consistency(month)
    elements = _ELEMENTS[point.wiring]
    columns = {q: c for e in elements for q in (e.current, e.angle) if (c := sound.sound(q)) is not None}
    missing = next((e.current for e in elements if e.current not in columns), None)
    if missing is not None:
        return [_without(Reason(key="absent", parameters={"quantity": missing.value}))]
    connected = ~connection(month).any_lost
    if any(e.angle not in columns for e in elements):
        return [_indicator(month, [columns[e.current] for e in elements], point.rated_current_a)]
    return _by_angles(month, sound, columns, connected)


def _without(reason: Reason, verdict: Compliance = Compliance.NOT_DECIDABLE) -> Judgement:
    return Judgement(check=NAME, verdict=verdict, unit="%", reasons=(reason,))


def _indicator(month: PointMonth, amperes: Sequence[Columns], rated_a: float) -> Judgement:
    """Return the greatest deviation from the mean of the currents: no unbalance in the standard's sense."""
    loaded = np.stack(amperes).mean(axis=0) >= LEAST_SHARE * rated_a
    percent = np.where(loaded, deviation_from_mean(*amperes), np.nan)
    return _figure(month, percent, loaded, (Reason(key="currents_without_angles"),), method="magnitudes")


def _by_angles(
    month: PointMonth, sound: Consistency, columns: dict[Quantity, Columns], connected: Bools
) -> Sequence[Judgement]:
    point = month.point
    elements = _ELEMENTS[point.wiring]
    currents = [phasor(columns[e.current], e.voltage_degrees - columns[e.angle]) for e in elements]
    rated_a = point.rated_current_a or np.inf
    flows = [np.abs(columns[e.current]) >= LEAST_SHARE * rated_a for e in elements]
    turned = _turned([columns[e.angle] for e in elements], flows) if len(currents) == PHASES else None
    if len(currents) < PHASES:
        currents.insert(1, -(currents[0] + currents[1]))
    zero, positive, negative = (np.abs(part) for part in components(np.stack(currents, axis=-1)))
    size = np.stack([np.abs(c) for c in currents]).mean(axis=0)
    loaded = (size >= LEAST_SHARE * rated_a) & connected
    wrong = np.zeros_like(loaded) if turned is None else loaded & turned
    judged = loaded & ~wrong & (positive > 0)
    reasons: tuple[Reason, ...] = sound.reasons_for(columns)
    if wrong.any():
        share = round(100.0 * float(wrong.sum()) / float(loaded.sum()), 1)
        reasons += (Reason(key="angles_disagree", parameters={"n": int(wrong.sum()), "percent": share}),)
    with np.errstate(divide="ignore", invalid="ignore"):
        percent = np.where(judged, 100.0 * negative / positive, np.nan)
        zero_percent = np.where(judged, 100.0 * zero / positive, np.nan)
    whole = _figure(month, percent, loaded, reasons, method="angles", zero_percent=zero_percent)
    return [whole, _own_share(month, np.where(judged, negative, np.nan), loaded)]


def _turned(angles: Sequence[Columns], flows: Sequence[Bools]) -> Bools:
    """Tell at which readings the angles between voltage and current differ by more than loads can.

    ``flows`` tells where there is a current: the angle of none is no angle.
    """
    phases = list(zip(angles, flows, strict=True))
    pairs = zip(phases, [*phases[1:], phases[0]], strict=True)
    apart = [
        (np.abs((first - second + 180.0) % 360.0 - 180.0) > APART_DEGREES) & flow & other_flow
        for (first, flow), (second, other_flow) in pairs
    ]
    return np.asarray(np.stack(apart).any(axis=0))


def _figure(  # noqa: PLR0913 - what was measured, and how
    month: PointMonth,
    percent: Columns,
    loaded: Bools,
    reasons: tuple[Reason, ...],
    *,
    method: str,
    zero_percent: Columns | None = None,
) -> Judgement:
    """Return a figure without a limit: its 95 % value among the readings with load."""
    found = probability_value(percent, int(loaded.sum()))
    worst = furthest(percent, -np.inf, 0.0)
    return Judgement(
        check=NAME,
        verdict=Compliance.NOT_APPLICABLE,
        value=found.value if found.n else None,
        unit="%",
        evidence=Evidence(
            n=found.n,
            coverage=found.coverage,
            rank=found.rank if found.n else None,
            at=None if worst is None else from_numpy(month.taken_at[worst]),
        ),
        reasons=(*reasons, Reason(key="no_current_limit")),
        figures={
            "method": method,
            **summary(percent),
            "loaded_readings": int(loaded.sum()),
            **({} if zero_percent is None else {"zero_sequence_percent": summary(zero_percent)}),
        },
    )


def _own_share(month: PointMonth, negative_a: Columns, loaded: Bools) -> Judgement:
    """Return the voltage unbalance that the user's own currents make: sqrt(3) I2 U_L / S_k."""
    (band,) = bands("own unbalance", month.point.nominal_kv)
    supply = month.point.supply
    mva = None if supply is None else supply.short_circuit_mva
    found = probability_value(negative_a, int(loaded.sum()))
    known = mva is not None and found.n > 0
    line_v = _line_v(month.point)
    value = sqrt(3.0) * found.value * line_v / (mva * 1e6) * 100.0 if mva and found.n else None
    return Judgement(
        check=NAME,
        subject="own",
        verdict=Compliance.NOT_APPLICABLE,  # an estimate beside the limit, which never decides
        reference=band.reference,
        value=value,
        unit="%",
        limit=band.high,
        formula=f"sqrt(3) * {found.value:.4g} A * {line_v:.6g} V / {mva:g} MVA" if known else "",
        evidence=Evidence(n=found.n, coverage=found.coverage, rank=found.rank if found.n else None),
        reasons=(_own_reason(mva, found.n),),
    )


def _own_reason(short_circuit_mva: float | None, n: int) -> Reason:
    if short_circuit_mva is None:
        return Reason(key="wants_entry", parameters={"entry": "[[supply]] short_circuit_mva"})
    return Reason(key="own_estimate" if n else "own_unloaded")


def _line_v(point: QualityPoint) -> float:
    return point.nominal_v * (sqrt(3.0) if point.wiring is Wiring.THREE_PHASE_FOUR_WIRE else 1.0)


checks.register(NAME)(Check(name=NAME, part=6, judge=judge))
