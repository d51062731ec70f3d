"""Part 3: voltage deviation and qualification rate (电压偏差与电压合格率), and the band of each day."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from analysis.power_quality.judgement import Judgement
from analysis.power_quality.point_month import PointMonth
from pipeline.timegrid import local_day, local_days, to_numpy
from reports.charts.daily_band import BandWords, DayBand, daily_band
from reports.power_quality.blocks import Chart, Note, Part
from reports.power_quality.parts.judged import judged_or_absent
from reports.power_quality.phases import voltages
from reports.power_quality.subject import MonthlyReport
from reports.power_quality.telling import Telling

VOLTS_PER_KV = 1000.0


def voltage(report: MonthlyReport, t: Telling) -> Part:
    """Return the judgements, and a chart a phase with the limits they were judged by."""
    judgements = report.in_part(3)
    blocks = judged_or_absent(judgements, 3, report, t)
    columns = voltages(report.sound_values)
    if not columns:
        return Part(
            number=3, title=t("part_3"), blocks=[*blocks, Note(text=t("absent_voltage"), kind="absent")]
        )
    limits = band_of(judgements, report.month.point.nominal_v)
    charts = [
        Chart(
            title=t("chart_daily_band", phase=part, name=t.phase(part)),
            drawing=_drawing(report.month, column, part, limits, t),
        )
        for part, column in columns.items()
    ]
    return Part(number=3, title=t("part_3"), blocks=[*blocks, *charts])


def band_of(judgements: list[Judgement], nominal_v: float) -> tuple[float, float] | None:
    """Return the band that voltages were judged by, V; None where a check gave none.

    A check tells the band among its figures, or judged a deviation in per cent of nominal.
    """
    for judgement in judgements:
        low, high = judgement.figures.get("low_v"), judgement.figures.get("high_v")
        if isinstance(low, int | float) and isinstance(high, int | float):
            return float(low), float(high)
    for judgement in judgements:
        under, over = judgement.low_limit, judgement.limit
        if judgement.unit == "%" and under is not None and over is not None and under < 0.0 < over:
            return nominal_v * (1.0 + under / 100.0), nominal_v * (1.0 + over / 100.0)
    return None


def _drawing(
    month: PointMonth,
    column: NDArray[np.float64],
    part: str,
    limits: tuple[float, float] | None,
    t: Telling,
) -> Markup:
    scale, unit = (VOLTS_PER_KV, "kV") if month.point.nominal_v >= VOLTS_PER_KV else (1.0, "V")
    words = BandWords(
        title=t("chart_daily_band", phase=part, name=t.phase(part)),
        x=t("axis_day"),
        y=f"U{part.lower()} / {unit}",
        upper=t("limit_upper"),
        lower=t("limit_lower"),
        nothing=t("no_data"),
    )
    scaled = None if limits is None else (limits[0] / scale, limits[1] / scale)
    return daily_band(days_of(month, column / scale), limits=scaled, words=words)


def days_of(month: PointMonth, column: NDArray[np.float64]) -> list[DayBand]:
    """Return lowest, mean and highest of each local day; readings of an outage are no supply and left out."""
    zone = month.point.zone
    days = list(local_days(month.starts_at, month.ends_at, zone))
    supplied = column.copy()
    for begin, end in month.outages:
        supplied[(month.taken_at >= to_numpy(begin)) & (month.taken_at < to_numpy(end))] = np.nan
    starts = [to_numpy(local_day(day, zone)[0]) for day in days]
    ends = [*starts[1:], to_numpy(local_day(days[-1], zone)[1])] if days else []
    edges = np.searchsorted(month.taken_at, np.array([*starts, *ends[-1:]], dtype="datetime64[us]"))
    return [
        _band(day.day, supplied[begin:end]) for day, (begin, end) in zip(days, pairwise(edges), strict=True)
    ]


def _band(day: int, readings: NDArray[np.float64]) -> DayBand:
    known = readings[np.isfinite(readings)]
    if not len(known):
        return DayBand(day=day, low=None, mean=None, high=None)
    return DayBand(day=day, low=float(known.min()), mean=float(known.mean()), high=float(known.max()))
