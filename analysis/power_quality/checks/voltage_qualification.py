"""Voltage qualification rate (电压合格率) of each phase, weighted by time: GB/T 12325-2008 5.3.

``(1 - (over + under) / monitored) * 100``. Outages, and readings that must not be judged, are not monitored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np

from analysis.limits import VoltageBand
from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.daily_curve import Standing, daily_curve, outside_stretches
from analysis.power_quality.judgement import Compliance, Evidence, Judgement, Reason
from analysis.power_quality.point_month import PointMonth
from analysis.power_quality.probability import LEAST_COVERAGE, LEAST_READINGS
from analysis.power_quality.shares import Series, doubts
from analysis.power_quality.voltage_points import LeastRate, least_rate, point_band
from analysis.power_quality.voltages import absent_reasons, judged_voltages
from analysis.voltage import VoltageStatistics, qualification, standing_minutes

NAME = "voltage_qualification"
_MINUTE_MEANS_S: Final = 60.0


def judge(month: PointMonth) -> Sequence[Judgement]:
    """Return one judgement a phase; without a rate that regulation asks for, the rate alone."""
    voltages, band, least = judged_voltages(month), point_band(month.point), least_rate(month.point)
    absent = [
        Judgement(
            check=NAME,
            subject=phase,
            verdict=Compliance.NOT_DECIDABLE,
            reference=None if least is None else least.reference,
            unit="%",
            low_limit=None if least is None else least.percent,
            reasons=(reason,),
        )
        for phase, reason in zip(voltages.absent, absent_reasons(voltages.absent), strict=True)
    ]
    found = [_of_phase(month, band, least, series) for series in voltages.series]
    told = [replace(j, reasons=(*j.reasons, *voltages.reasons_of(j.evidence.phase))) for j in found]
    return [*told, *absent]


def phase_statistics(month: PointMonth, band: VoltageBand, series: Series) -> VoltageStatistics:
    """Return how one phase kept to its band over the month."""
    return qualification(
        month.taken_at,
        series.values,
        band,
        stretch=(month.starts_at, month.ends_at),
        hold_s=month.period_s,
        outages=month.outages,
    )


def _of_phase(month: PointMonth, band: VoltageBand, least: LeastRate | None, series: Series) -> Judgement:
    stretch = (month.starts_at, month.ends_at)
    minutes = standing_minutes(month.taken_at, stretch=stretch, hold_s=month.period_s, outages=month.outages)
    statistics = phase_statistics(month, band, series)
    supplied = month.expected(_MINUTE_MEANS_S) - float(minutes[series.dark].sum())
    n = int(np.isfinite(series.values).sum())
    verdict, evidence = _judged(statistics, n, supplied, least)
    standing = Standing(volts=series.values, minutes=minutes)
    over_worst = (statistics.highest_v or 0.0) - band.high_v >= band.low_v - (statistics.lowest_v or np.inf)
    reasons = doubts(verdict, evidence)
    if month.period_s > _MINUTE_MEANS_S:
        reasons += (Reason(key="samples_for_minutes", parameters={"period_s": round(month.period_s)}),)
    if least is None:
        reasons += (Reason(key="no_least_rate"),)
    return Judgement(
        check=NAME,
        subject=series.phase or "",
        verdict=verdict,
        reference=None if least is None else least.reference,
        value=statistics.qualified_percent,
        unit="%",
        low_limit=None if least is None else least.percent,
        formula=(
            f"(1 - ({statistics.over_minutes:g} + {statistics.under_minutes:g})"
            f" / {statistics.monitored_minutes:g}) * 100"
        ),
        evidence=replace(
            evidence,
            phase=series.phase,
            at=statistics.highest_at if over_worst else statistics.lowest_at,
        ),
        reasons=reasons,
        figures={
            "over_minutes": statistics.over_minutes,
            "under_minutes": statistics.under_minutes,
            "monitored_minutes": statistics.monitored_minutes,
            "outage_minutes": float(round(_month_minutes(month) - supplied)),
            "percent_if_missing": _extreme_rates(statistics, supplied),
            "highest_v": statistics.highest_v,
            "highest_at": _iso(statistics.highest_at),
            "lowest_v": statistics.lowest_v,
            "lowest_at": _iso(statistics.lowest_at),
            "low_v": band.low_v,
            "high_v": band.high_v,
            "nominal_v": band.nominal_v,
            "point_class": month.point.point_class,
            "daily": daily_curve(month, band, standing),
            "stretches": outside_stretches(month, band, standing),
        },
    )


def _judged(
    statistics: VoltageStatistics, n: int, supplied: float, least: LeastRate | None
) -> tuple[Compliance, Evidence]:
    """Return the verdict on the rate, and what it would be with all missing minutes good, or bad."""
    monitored = statistics.monitored_minutes
    total = max(supplied, monitored)
    coverage = monitored / total if total > 0 else 0.0
    rates = _extreme_rates(statistics, supplied)
    if least is None or rates is None:
        verdict = Compliance.NOT_APPLICABLE if least is None else Compliance.NOT_DECIDABLE
        return verdict, Evidence(n=n, coverage=coverage)
    bad, good = (_against(rate, least) for rate in rates)
    evidence = Evidence(n=n, coverage=coverage, if_missing_good=good, if_missing_bad=bad)
    if n < LEAST_READINGS:
        return Compliance.NOT_DECIDABLE, evidence
    if coverage >= LEAST_COVERAGE:
        return _against(statistics.qualified_percent or 0.0, least), evidence
    return good if good is bad else Compliance.NOT_DECIDABLE, evidence


def _extreme_rates(statistics: VoltageStatistics, supplied: float) -> list[float] | None:
    """Return the rate with all missing minutes bad, and with all good, %; None of no supplied time."""
    total = max(supplied, statistics.monitored_minutes)
    outside = statistics.over_minutes + statistics.under_minutes
    if total <= 0:
        return None
    missing = total - statistics.monitored_minutes
    return [100.0 * (1.0 - (outside + missing) / total), 100.0 * (1.0 - outside / total)]


def _against(percent: float, least: LeastRate) -> Compliance:
    return Compliance.COMPLIANT if percent >= least.percent - 1e-9 else Compliance.VIOLATING


def _month_minutes(month: PointMonth) -> float:
    return (month.ends_at - month.starts_at).total_seconds() / 60.0


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


checks.register(NAME)(Check(name=NAME, part=3, judge=judge))
