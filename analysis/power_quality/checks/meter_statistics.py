"""The meter's own voltage qualification (DL/T 645-2007 identifier 0310) against the rate out of its readings.

Both may be right: meters judge by their own limits, count a value at a limit as out, and go on counting
minutes through outages. Where their own rules give their own rate, the difference is explained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from analysis.limits import AT_REST, VoltageBand
from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.judgement import Compliance, Evidence, Judgement, Reason
from analysis.power_quality.point_month import Columns, MeterStatistics, PointMonth
from analysis.power_quality.shares import Series
from analysis.power_quality.voltage_points import point_band
from analysis.power_quality.voltages import judged_voltages
from analysis.voltage import is_over, is_under, standing_minutes
from pipeline.registry import Wiring

NAME = "meter_statistics"
UPPER: Final = "voltage_upper_limit"
LOWER: Final = "voltage_lower_limit"
"""Parameters of the meter (电压合格上、下限): 04000E03, 04000E04 of DL/T 645-2007, 4030 of DL/T 698.45."""
SAME_POINTS: Final = 0.5
"""Rates this near agree: samples stand for the meter's means of a minute (own)."""
SAME_LIMIT: Final = 0.0005
"""Of nominal: limits this near are the same ones, rounded to 0.1 V."""


_MEASURED: Final[Mapping[Wiring, Mapping[str, str]]] = {
    Wiring.ONE_PHASE: {"A": "A"},
    Wiring.THREE_PHASE_THREE_WIRE: {"A": "AB", "C": "BC"},
    Wiring.THREE_PHASE_FOUR_WIRE: {"A": "A", "B": "B", "C": "C"},
}
"""Which voltage the meter counts under the name of a phase; a three-wire one has the elements A and C."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Minutes of one phase, or on average of several."""

    monitored: float
    over: float
    under: float

    @property
    def rate(self) -> float | None:
        """Return the qualification rate, %; None if nothing was monitored."""
        outside = self.over + self.under
        return 100.0 * (1.0 - outside / self.monitored) if self.monitored > 0 else None


def judge(month: PointMonth) -> Sequence[Judgement]:
    """Return one judgement a set of the meter's statistics: each phase's, or that of all.

    One of which a register was not read decides nothing: missing is never 0.
    """
    if not month.statistics:
        reason = Reason(key="absent", parameters={"quantity": "voltage_minutes_monitored"})
        return [Judgement(check=NAME, verdict=Compliance.NOT_APPLICABLE, reasons=(reason,))]
    voltages, measured = judged_voltages(month), _MEASURED[month.point.wiring]
    # A meter answers for phases too that its wiring does not have.
    return [
        _of(month, told, voltages.series)
        for told in month.statistics
        if not told.phase or told.phase in measured
    ]


def _absent(told: MeterStatistics) -> Judgement:
    """Return that some of the minutes that make a rate were not read."""
    minutes = {
        "voltage_minutes_monitored": told.minutes_monitored,
        "voltage_minutes_over": told.minutes_over,
        "voltage_minutes_under": told.minutes_under,
    }
    unread = ", ".join(quantity for quantity, read in minutes.items() if read is None)
    return Judgement(
        check=NAME,
        subject=told.phase,
        verdict=Compliance.NOT_DECIDABLE,
        unit="%",
        evidence=Evidence(phase=told.phase or None),
        reasons=(Reason(key="absent", parameters={"quantity": unread}),),
    )


def meter_band(month: PointMonth, legal: VoltageBand) -> VoltageBand | None:
    """Return the band that the meter judges by, primary side; None where its parameters were not read."""
    limits = [month.parameters.get(LOWER), month.parameters.get(UPPER)]
    if limits[0] is None or limits[1] is None:
        return None
    # A meter behind transformers holds secondary volts, one with a ratio register primary ones.
    low, high = (v * month.point.pt if v < month.point.nominal_v / 2.0 else v for v in (limits[0], limits[1]))
    return replace(legal, low_v=low, high_v=high)


def _of(month: PointMonth, told: MeterStatistics, series: Sequence[Series]) -> Judgement:
    measured = _MEASURED[month.point.wiring]
    own = [s for s in series if not told.phase or s.phase == measured[told.phase]]
    legal = point_band(month.point)
    band = meter_band(month, legal)
    if told.minutes_monitored is None or told.minutes_over is None or told.minutes_under is None:
        return _absent(told)
    meters = Counted(monitored=told.minutes_monitored, over=told.minutes_over, under=told.minutes_under)
    ours = _counted(month, own, legal)
    ways = _ways(month, own, band or legal)
    like_meter = ways[0]
    difference = None if meters.rate is None or ours.rate is None else meters.rate - ours.rate
    rest = None if meters.rate is None else _rest(meters.rate, ways, _missing_minutes(month, own))
    is_same = difference is not None and abs(difference) <= SAME_POINTS
    is_explained = is_same or (rest is not None and abs(rest) <= SAME_POINTS)
    causes = _causes(month, own, meters, legal, band)
    if not is_explained and difference is not None:
        causes += (Reason(key="unexplained", parameters={"points": round(rest or difference or 0.0, 3)}),)
    if meters.rate is None:
        causes += (Reason(key="nothing_monitored"),)
    if not told.phase and len(own) > 1:
        causes += (Reason(key="total_of_phases"),)
    n = sum(int(np.isfinite(s.values).sum()) for s in own)
    due = month.expected(month.period_s) * max(len(own), 1)
    return Judgement(
        check=NAME,
        subject=told.phase,
        verdict=Compliance.COMPLIANT if is_explained else Compliance.NOT_DECIDABLE,
        value=difference,
        unit="%",
        evidence=Evidence(n=n, coverage=min(n / due, 1.0) if due else 0.0, phase=told.phase or None),
        reasons=causes,
        figures={
            "meter_percent": meters.rate,
            "own_percent": ours.rate,
            "own_by_meters_rules_percent": like_meter.rate,
            "meter_minutes": [meters.monitored, meters.over, meters.under],
            "own_minutes": [ours.monitored, ours.over, ours.under],
            "meter_limits_v": None if band is None else [band.low_v, band.high_v],
            "own_limits_v": [legal.low_v, legal.high_v],
            "meter_extremes_v": [told.lowest_v, told.highest_v],
            "own_extremes_v": _extremes(own),
        },
    )


def _counted(
    month: PointMonth, series: Sequence[Series], band: VoltageBand, *, as_meter: bool = False
) -> Counted:
    """Return the minutes of phases, on average; ``as_meter`` with values at a limit out and dark time in."""
    minutes = _minutes(month)
    monitored = over = under = 0.0
    for one in series:
        high, low = _edges(band, as_meter=as_meter)
        over += float(minutes[one.values > high].sum())
        under += float(minutes[one.values < low].sum())
        monitored += float(minutes[np.isfinite(one.values)].sum())
        if as_meter:
            monitored += float(minutes[one.dark].sum()) + _outage_minutes(month)
    count = max(len(series), 1)
    return Counted(monitored=monitored / count, over=over / count, under=under / count)


def _missing_minutes(month: PointMonth, series: Sequence[Series]) -> float:
    """Return for how many supplied minutes no reading stands, on average."""
    dark = sum(int(one.dark.sum()) for one in series) / max(len(series), 1)
    known = _counted(month, series, point_band(month.point)).monitored
    return max(month.expected(60.0) - dark * month.period_s / 60.0 - known, 0.0)


def _rest(meters_rate: float, ways: Sequence[Counted], missing: float) -> float | None:
    """Return how far the meter's rate is from all that its way of counting and our gaps could have made."""
    known = [way for way in ways if way.monitored > 0]
    if not known:
        return None
    lowest = min(100.0 * (1.0 - (w.over + w.under + missing) / (w.monitored + missing)) for w in known)
    highest = max(100.0 * (1.0 - (w.over + w.under) / (w.monitored + missing)) for w in known)
    return meters_rate - min(max(meters_rate, lowest), highest)


def _ways(month: PointMonth, series: Sequence[Series], band: VoltageBand) -> list[Counted]:
    """Return what a meter may have counted: of several phases their mean, any of them, or each."""
    mean = _counted(month, series, band, as_meter=True)
    if len(series) <= 1:
        return [mean]
    high, low = _edges(band, as_meter=True)
    minutes = _minutes(month)
    volts = np.stack([one.values for one in series])
    any_out = Counted(
        monitored=mean.monitored,
        over=float(minutes[(volts > high).any(axis=0)].sum()),
        under=float(minutes[(volts < low).any(axis=0)].sum()),
    )
    return [mean, any_out, *(_counted(month, [one], band, as_meter=True) for one in series)]


def _minutes(month: PointMonth) -> Columns:
    return standing_minutes(
        month.taken_at,
        stretch=(month.starts_at, month.ends_at),
        hold_s=month.period_s,
        outages=month.outages,
    )


def _edges(band: VoltageBand, *, as_meter: bool) -> tuple[float, float]:
    slack = -AT_REST if as_meter else AT_REST
    return band.high_v * (1.0 + slack), band.low_v * (1.0 - slack)


def _causes(
    month: PointMonth,
    series: Sequence[Series],
    meters: Counted,
    legal: VoltageBand,
    band: VoltageBand | None,
) -> tuple[Reason, ...]:
    """Return what makes the two rates differ by right, each where it is there."""
    found = []
    if band is None:
        found.append(Reason(key="meter_limits_unread"))
    elif max(abs(band.low_v - legal.low_v), abs(band.high_v - legal.high_v)) > SAME_LIMIT * legal.nominal_v:
        parameters = {
            "low_v": round(band.low_v, 1),
            "high_v": round(band.high_v, 1),
            "legal_low_v": round(legal.low_v, 1),
            "legal_high_v": round(legal.high_v, 1),
        }
        found.append(Reason(key="other_limits", parameters=parameters))
    at_limit = sum(_at_limit(one, band or legal) for one in series)
    if at_limit:
        found.append(Reason(key="inclusive_limits", parameters={"n": at_limit}))
    outage = _outage_minutes(month)
    supplied = (month.ends_at - month.starts_at).total_seconds() / 60.0 - outage
    if outage > 0 and meters.monitored > supplied:
        found.append(Reason(key="outage_counted", parameters={"minutes": round(outage)}))
    due = month.expected(month.period_s)
    n = max((int(np.isfinite(one.values).sum()) for one in series), default=0)
    if due and n < due:
        found.append(Reason(key="gaps", parameters={"percent": round(100.0 * (1.0 - n / due), 1)}))
    return tuple(found)


def _at_limit(series: Series, band: VoltageBand) -> int:
    low, high = band.low_v * (1.0 + AT_REST), band.high_v * (1.0 - AT_REST)
    inside = ~(is_over(series.values, band) | is_under(series.values, band))
    return int((inside & ((series.values < low) | (series.values > high))).sum())


def _outage_minutes(month: PointMonth) -> float:
    whole = (month.ends_at - month.starts_at).total_seconds() / 60.0
    return whole - month.expected(60.0)


def _extremes(series: Sequence[Series]) -> list[float | None]:
    if not series or not any(np.isfinite(s.values).any() for s in series):
        return [None, None]
    volts = np.stack([s.values for s in series])
    return [float(np.nanmin(volts)), float(np.nanmax(volts))]


checks.register(NAME)(Check(name=NAME, part=3, judge=judge))
