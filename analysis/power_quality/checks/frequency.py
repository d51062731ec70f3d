"""Frequency deviation (频率偏差): GB/T 15945-2008 with its rate by time, and EN 50160 beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from analysis.limits import AT_REST
from analysis.power_quality.bands import Band, bands
from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.connection import connection
from analysis.power_quality.consistency import consistency
from analysis.power_quality.judgement import Compliance, Judgement, Reason
from analysis.power_quality.point_month import Columns, PointMonth
from analysis.power_quality.shares import Series, band_judgement
from analysis.voltage import standing_minutes
from pipeline.quantities import Quantity

NAME = "frequency"
SMALL_SYSTEM: Final = "small system"
"""The band of GB/T 15945 for systems of small capacity: shown, and no verdict on a point of a large one."""


def judge(month: PointMonth) -> Sequence[Judgement]:
    """Return one judgement a band; the meter's frequency is one value for all phases."""
    limits = bands("frequency", month.point.nominal_kv)
    sound = consistency(month)
    hertz = sound.sound(Quantity.FREQUENCY)
    if hertz is None:
        reason = Reason(key="absent", parameters={"quantity": Quantity.FREQUENCY.value})
        return [
            Judgement(
                check=NAME,
                subject=band.name,
                verdict=Compliance.NOT_DECIDABLE,
                reference=band.reference,
                unit=band.unit,
                limit=band.high,
                low_limit=band.low,
                reasons=(reason,),
            )
            for band in limits
        ]
    dark = connection(month).dark
    series = Series(values=np.where(dark, np.nan, hertz), dark=dark)
    reasons = sound.reasons_for([Quantity.FREQUENCY])
    judged = [band_judgement(month, band, series, check=NAME) for band in limits]
    return [
        _told(month, band, replace(judgement, reasons=(*judgement.reasons, *reasons)), series.values)
        for band, judgement in zip(limits, judged, strict=True)
    ]


def _told(month: PointMonth, band: Band, judgement: Judgement, hertz: Columns) -> Judgement:
    figures = {**judgement.figures, "qualified_percent": _rate(month, band, hertz)}
    if band.name != SMALL_SYSTEM:
        of_year = (Reason(key="month_of_year"),) if band.yearly else ()
        return replace(judgement, reasons=(*judgement.reasons, *of_year), figures=figures)
    return replace(
        judgement,
        verdict=Compliance.NOT_APPLICABLE,
        evidence=replace(judgement.evidence, if_missing_good=None, if_missing_bad=None),
        reasons=(Reason(key="small_system"),),
        figures=figures,
    )


def _rate(month: PointMonth, band: Band, hertz: Columns) -> float | None:
    """Return ``(1 - outside / whole) * 100`` of the time that readings stand for; None without any."""
    minutes = standing_minutes(
        month.taken_at,
        stretch=(month.starts_at, month.ends_at),
        hold_s=month.period_s,
        outages=month.outages,
    )
    outside = (hertz > band.high * (1.0 + AT_REST)) | (hertz < band.low * (1.0 - AT_REST))
    whole = float(minutes[np.isfinite(hertz)].sum())
    return 100.0 * (1.0 - float(minutes[outside].sum()) / whole) if whole > 0 else None


checks.register(NAME)(Check(name=NAME, part=7, judge=judge))
