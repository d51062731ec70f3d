"""Voltage deviation (电压偏差): each phase's extremes against GB/T 12325-2008, and EN 50160 beside it.

A value at a limit complies: the clause says what a deviation may come to. From 35 kV on the greatest
positive and negative deviation of all phases together are judged as a sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analysis.limits import AT_REST, VoltageBand
from analysis.power_quality.bands import Band, bands
from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.judgement import Compliance, Judgement
from analysis.power_quality.point_month import PointMonth
from analysis.power_quality.shares import Counted, Series, band_judgement, doubts, judged_share, summary
from analysis.power_quality.voltage_points import limit_reference, point_band
from analysis.power_quality.voltages import absent_reasons, judged_voltages
from pipeline.timegrid import from_numpy

NAME = "voltage_deviation"
SUM = "sum"
"""Subject of the judgement on all phases together, from 35 kV on."""


def judge(month: PointMonth) -> Sequence[Judgement]:
    """Return one judgement a phase, or one on the sum, and those of EN 50160."""
    voltages, band = judged_voltages(month), point_band(month.point)
    deviations = [
        replace(series, values=100.0 * (series.values / band.nominal_v - 1.0)) for series in voltages.series
    ]
    if band.limit.sum_percent is None:
        national = [_by_phase(month, band, series) for series in deviations]
    else:
        national = [_by_sum(month, band, band.limit.sum_percent, deviations)] if deviations else []
    absent = [
        Judgement(
            check=NAME,
            subject=phase,
            verdict=Compliance.NOT_DECIDABLE,
            reference=limit_reference(band.limit),
            unit="%",
            limit=band.limit.over_percent,
            low_limit=-band.limit.under_percent,
            reasons=(reason,),
        )
        for phase, reason in zip(voltages.absent, absent_reasons(voltages.absent), strict=True)
    ]
    beside = [
        band_judgement(month, european, series, check=NAME)
        for european in bands("voltage deviation", month.point.nominal_kv)
        for series in deviations
    ]
    told = [
        replace(j, reasons=(*j.reasons, *voltages.reasons_of(None if j.subject == SUM else j.evidence.phase)))
        for j in (*national, *beside)
    ]
    return [*told, *absent]


def sum_rule(highest_percent: float, lowest_percent: float) -> float:
    """Return what is compared with the limit from 35 kV on, % of nominal (GB/T 12325-2008 4.1).

    The sum of the absolute positive and negative deviation; of two on one side the greater absolute one.
    """
    if highest_percent > 0.0 > lowest_percent:
        return highest_percent - lowest_percent
    return max(abs(highest_percent), abs(lowest_percent))


def _by_phase(month: PointMonth, band: VoltageBand, series: Series) -> Judgement:
    limit = band.limit
    found = band_judgement(
        month,
        Band(
            what="voltage deviation",
            name="",
            reference=limit_reference(limit),
            unit="%",
            low=-limit.under_percent,
            high=limit.over_percent,
        ),
        series,
        check=NAME,
    )
    return replace(
        found,
        formula=f"{band.nominal_v:g} V: {band.low_v:g} V .. {band.high_v:g} V",
        figures={**found.figures, "nominal_v": band.nominal_v, "low_v": band.low_v, "high_v": band.high_v},
    )


def _by_sum(month: PointMonth, band: VoltageBand, limit: float, all_series: Sequence[Series]) -> Judgement:
    """Judge the extremes of all phases; of a month with gaps only a violation is certain.

    That the sum is kept takes every line: the one read least counts. What breaks it needs no other line.
    """
    columns = np.stack([series.values for series in all_series])
    read = np.isfinite(columns)
    known = read.any(axis=0)
    dark = all_series[0].dark
    expected = month.expected_supplied(month.period_s, month.taken_at[dark])
    extremes = summary(columns)
    highest, lowest = extremes["max"], extremes["min"]
    value = None if highest is None or lowest is None else sum_rule(highest, lowest)
    violates = value is not None and value > limit * (1.0 + AT_REST)
    n = int(known.sum() if violates else read.sum(axis=1).min())
    verdict, evidence = judged_share(Counted(outside=int(violates), n=n, expected=expected))
    where = int(np.nanargmax(np.fmax.reduce(np.abs(columns), axis=0))) if known.any() else None
    return Judgement(
        check=NAME,
        subject=SUM,
        verdict=verdict,
        reference=limit_reference(band.limit),
        value=value,
        unit="%",
        limit=limit,
        formula="" if value is None else f"{highest:+.3f} % .. {lowest:+.3f} %",
        evidence=replace(
            evidence,
            phase=None if where is None else all_series[int(np.nanargmax(np.abs(columns[:, where])))].phase,
            at=None if where is None else from_numpy(month.taken_at[where]),
        ),
        reasons=doubts(verdict, evidence),
        figures={**extremes, "nominal_v": band.nominal_v},
    )


checks.register(NAME)(Check(name=NAME, part=3, judge=judge))
