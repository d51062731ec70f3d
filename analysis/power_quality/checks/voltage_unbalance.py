"""Voltage unbalance (三相电压不平衡度): GB/T 15543-2008, and EN 50160 beside it.

By three line voltages, which is exact. Two lines bound it from below. Magnitudes of phases alone decide
nothing: they are an indicator without a verdict. No meter gives the angles of its voltages; where waveforms
were recorded, their phasors are judged beside the registers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from analysis.power_quality.bands import Band, bands
from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.connection import VOLTAGES, Connection, connection, measures
from analysis.power_quality.consistency import Consistency, consistency
from analysis.power_quality.judgement import Compliance, Judgement, Reason
from analysis.power_quality.point_month import Columns, PointMonth
from analysis.power_quality.recorded import TENS_S
from analysis.power_quality.shares import Series, band_judgement, summary
from analysis.power_quality.unbalance import deviation_from_mean, least_of_two_lines, of_lines
from pipeline.model import Json
from pipeline.quantities import Quantity
from pipeline.registry import Wiring

NAME = "voltage_unbalance"
WIRING_PERCENT: Final = 30.0
"""No supply on which motors run has more: a reversed pair, a turned transformer or another network (own)."""
LINES: Final = (Quantity.VOLTAGE_AB, Quantity.VOLTAGE_BC, Quantity.VOLTAGE_CA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Negative sequence unbalance as far as the registers tell it, %."""

    method: str
    """``lines``, ``two_lines`` or ``magnitudes``."""
    percent: Columns
    torn: int = 0
    """Readings whose lines make no triangle: they are not of one instant."""


def judge(month: PointMonth) -> Sequence[Judgement]:
    """Return one judgement a limit; of magnitudes alone an indicator without a verdict."""
    limits = bands("voltage unbalance", month.point.nominal_kv)
    return [*_by_registers(month, limits), *_by_records(month, limits)]


def _by_records(month: PointMonth, limits: Sequence[Band]) -> Sequence[Judgement]:
    """Return the judgements on what waveforms showed; no limit is fixed for the zero sequence."""
    timed, zero = (month.recorded.unbalance.get(name) for name in ("negative", "zero"))
    if timed is None:
        return []
    recorded = month.with_times(timed.at, TENS_S)
    series = Series(values=timed.values, dark=np.zeros(len(timed.at), dtype=np.bool_))
    figures: dict[str, Json] = {"method": "phasors"}
    if zero is not None:
        figures["zero_sequence_percent"] = summary(zero.values)
    judged = [band_judgement(recorded, band, series, check=NAME) for band in limits]
    return [replace(j, subject=f"recorded {j.subject}", figures={**j.figures, **figures}) for j in judged]


def _by_registers(month: PointMonth, limits: Sequence[Band]) -> Sequence[Judgement]:
    if month.point.wiring is Wiring.ONE_PHASE:
        return [
            Judgement(
                check=NAME,
                subject=limits[0].name,
                verdict=Compliance.NOT_APPLICABLE,
                reference=limits[0].reference,
                reasons=(Reason(key="single_phase"),),
            )
        ]
    sound, faults = consistency(month), connection(month)
    measured = _measured(month, sound)
    reasons = (*sound.reasons_for((*VOLTAGES[month.point.wiring], *LINES)), *faults.reasons)
    if measured is None:
        reasons += (Reason(key="absent", parameters={"quantity": "voltage_a, voltage_b, voltage_c"}),)
        return [
            Judgement(
                check=NAME,
                subject=b.name,
                verdict=Compliance.NOT_DECIDABLE,
                reference=b.reference,
                unit="%",
                limit=b.high,
                reasons=reasons,
            )
            for b in limits
        ]
    percent, found = _without_wiring_faults(measured, faults)
    reasons += (Reason(key="samples_for_means", parameters={"period_s": round(month.period_s)}),)
    figures: dict[str, Json] = {"method": measured.method}
    judged = [
        band_judgement(month, band, Series(values=percent, dark=faults.dark), check=NAME) for band in limits
    ]
    told = [
        replace(j, reasons=(*found, *j.reasons, *reasons), figures={**j.figures, **figures}) for j in judged
    ]
    return [_undecided(j, measured.method) for j in told] if measured.method in _INCOMPLETE else told


_INCOMPLETE: Final = frozenset({"two_lines", "magnitudes"})


def _undecided(judgement: Judgement, method: str) -> Judgement:
    """Take the verdict back that the whole unbalance would be needed for: only a lower bound can violate."""
    is_bound = method == "two_lines"
    if is_bound and judgement.verdict is Compliance.VIOLATING:
        return replace(judgement, reasons=(*judgement.reasons, Reason(key="lower_bound")))
    least = judgement.value if is_bound else 0.0
    return replace(
        judgement,
        verdict=Compliance.NOT_DECIDABLE,
        evidence=replace(judgement.evidence, if_missing_good=None, if_missing_bad=None),
        reasons=(*judgement.reasons, Reason(key="lower_bound" if is_bound else "indicator_only")),
        figures={**judgement.figures, "interval_percent": [least, None]},
    )


def _measured(month: PointMonth, sound: Consistency) -> Measured | None:
    """Return the unbalance by the best method that the registers allow; None without the voltages."""
    phases = VOLTAGES[Wiring.THREE_PHASE_FOUR_WIRE]
    measured = [q for q in (*phases, *LINES) if measures(month, q)]
    columns = {q: column for q in measured if (column := sound.sound(q)) is not None}
    if columns.keys() >= set(LINES):
        lines = [columns[q] for q in LINES]
        percent = of_lines(*lines)
        torn = np.isnan(percent) & np.isfinite(lines).all(axis=0) & (np.max(lines, axis=0) > 0)
        return Measured(method="lines", percent=percent, torn=int(torn.sum()))
    if columns.keys() >= set(LINES[:2]):
        return Measured(method="two_lines", percent=least_of_two_lines(columns[LINES[0]], columns[LINES[1]]))
    if columns.keys() >= set(phases):
        return Measured(method="magnitudes", percent=deviation_from_mean(*(columns[q] for q in phases)))
    return None


def _without_wiring_faults(measured: Measured, faults: Connection) -> tuple[Columns, Sequence[Reason]]:
    """Return the unbalance with NaN where it is that of the meter's connection, and what was so."""
    connected = ~(faults.dark | faults.any_lost)
    wrong = connected & (measured.percent >= WIRING_PERCENT)
    count, known = int(wrong.sum()), int((connected & np.isfinite(measured.percent)).sum())
    reasons = []
    if count:
        parameters = {"n": count, "percent": round(100.0 * count / known, 1), "limit": WIRING_PERCENT}
        reasons.append(Reason(key="wiring", parameters=parameters))
    if measured.torn:
        reasons.append(Reason(key="no_triangle", parameters={"n": measured.torn}))
    return np.where(connected & ~wrong, measured.percent, np.nan), reasons


checks.register(NAME)(Check(name=NAME, part=6, judge=judge))
