"""Verdicts on how many readings were inside a band, and what the missing ones could make of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.limits import AT_REST
from analysis.power_quality.bands import Band
from analysis.power_quality.judgement import Compliance, Evidence, Judgement, Reason, overall
from analysis.power_quality.point_month import Columns, PointMonth
from analysis.power_quality.probability import (
    LEAST_COVERAGE,
    LEAST_READINGS,
    ProbabilityValue,
    probability_value,
)
from pipeline.timegrid import from_numpy, local_day, to_numpy

Bools = NDArray[np.bool_]

ALWAYS: Final = 100.0
"""The share of readings that must be inside where none may be outside, %."""
RANKED: Final = 95.0
"""The share for which a value by rank is shown, %."""
WEEK_DAYS: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One figure of a month, a value for each of its ``taken_at``; NaN is missing."""

    values: Columns
    dark: Bools
    """Readings that show no supply at all: none are expected there."""
    phase: str | None = None
    """Whose it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many readings were outside."""

    outside: int
    n: int
    expected: int


def judged_share(counted: Counted, share_percent: float = 100.0) -> tuple[Compliance, Evidence]:
    """Return the verdict where ``share_percent`` of the readings must be inside, and its evidence.

    With 95 this is the rule of the rank ``ceil(0.95 n)``. Enough readings of most of the month decide;
    otherwise only what no missing reading could change does.
    """
    n, total = counted.n, max(counted.expected, counted.n)
    good = _allows(counted.outside, total, share_percent)
    bad = _allows(counted.outside + total - n, total, share_percent)
    coverage = min(n / counted.expected, 1.0) if counted.expected else 0.0
    evidence = Evidence(n=n, coverage=coverage, if_missing_good=good, if_missing_bad=bad)
    if n < LEAST_READINGS:
        return Compliance.NOT_DECIDABLE, evidence
    if coverage >= LEAST_COVERAGE:
        return _allows(counted.outside, n, share_percent), evidence
    return good if good is bad else Compliance.NOT_DECIDABLE, evidence


def doubts(verdict: Compliance, evidence: Evidence) -> tuple[Reason, ...]:
    """Return why a verdict could not be reached: too few readings, or too many missing."""
    if verdict is not Compliance.NOT_DECIDABLE:
        return ()
    if evidence.n < LEAST_READINGS:
        return (Reason(key="few_readings", parameters={"n": evidence.n, "least": LEAST_READINGS}),)
    percent = round(100.0 * evidence.coverage, 1)
    return (Reason(key="low_coverage", parameters={"coverage_percent": percent}),)


def band_judgement(month: PointMonth, band: Band, series: Series, *, check: str) -> Judgement:
    """Return the verdict of the check of this name on one figure of a month against one band of its unit."""
    column = series.values
    found = _worst_stretch(month, band, series)
    counted, ranked = found.counted, found.ranked
    worst = furthest(column, band.low, band.high)
    inside = 100.0 * (1.0 - counted.outside / counted.n) if counted.n else None
    is_share = band.share_percent < ALWAYS and ranked is None
    value = inside if is_share else _number(column, worst)
    if ranked is not None:
        value = ranked.value if ranked.n else None
    return Judgement(
        check=check,
        subject=" ".join(filter(None, (series.phase, band.name))),
        verdict=found.verdict,
        reference=band.reference,
        value=value,
        unit="%" if is_share else band.unit,
        limit=None if is_share else _finite(band.high),
        low_limit=band.share_percent if is_share else _finite(band.low),
        evidence=replace(
            found.evidence,
            rank=ranked.rank if ranked is not None and ranked.n else None,
            phase=series.phase,
            at=None if worst is None else from_numpy(month.taken_at[worst]),
        ),
        reasons=doubts(found.verdict, found.evidence),
        figures={
            "low": _finite(band.low),
            "high": _finite(band.high),
            "unit": band.unit,
            "inside_percent": inside,
            **summary(column),
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """What a month, or a week of it, came to."""

    verdict: Compliance
    evidence: Evidence
    counted: Counted
    ranked: ProbabilityValue | None

    @property
    def badness(self) -> tuple[float, float]:
        """What puts stretches of one verdict in order: the share outside, then the value by rank."""
        ranked = self.ranked
        value = ranked.value if ranked is not None and ranked.n else -np.inf
        return self.counted.outside / max(self.counted.n, 1), value


def _worst_stretch(month: PointMonth, band: Band, series: Series) -> _Stretch:
    """Return the month as a whole, or of its weeks the one that decides."""
    stretches = weeks(month) if band.weekly else [(month.starts_at, month.ends_at)]
    found = [_of_stretch(month, band, series, stretch) for stretch in stretches]
    verdict = overall([stretch.verdict for stretch in found])
    return max(
        (stretch for stretch in found if stretch.verdict is verdict),
        key=lambda stretch: stretch.badness,
    )


def _of_stretch(
    month: PointMonth, band: Band, series: Series, stretch: tuple[datetime, datetime]
) -> _Stretch:
    rows = slice(*np.searchsorted(month.taken_at, [to_numpy(edge) for edge in stretch]))
    column = series.values[rows]
    outside = (column < band.low - _slack(band.low)) | (column > band.high + _slack(band.high))
    own = replace(month, starts_at=stretch[0], ends_at=stretch[1])
    counted = Counted(
        outside=int(outside.sum()),
        n=int(np.isfinite(column).sum()),
        expected=own.expected_supplied(month.period_s, month.taken_at[rows][series.dark[rows]]),
    )
    verdict, evidence = judged_share(counted, band.share_percent)
    # The share of the readings under one limit is the rule of the probability value (95 % 概率大值).
    is_ranked = band.share_percent == RANKED and not np.isfinite(band.low)
    ranked = probability_value(column, counted.expected) if is_ranked else None
    return _Stretch(verdict=verdict, evidence=evidence, counted=counted, ranked=ranked)


def summary(column: Columns) -> dict[str, float | None]:
    """Return the greatest, mean and smallest value; None where there is none."""
    known = column[np.isfinite(column)]
    if not len(known):
        return {"max": None, "mean": None, "min": None}
    return {"max": float(known.max()), "mean": float(known.mean()), "min": float(known.min())}


def weeks(month: PointMonth) -> Sequence[tuple[datetime, datetime]]:
    """Return a month's weeks from its first day on, and its last seven days; a shorter one as it is."""
    return list(stretches_of_days(month, WEEK_DAYS)) or [(month.starts_at, month.ends_at)]


def stretches_of_days(month: PointMonth, days: int) -> Iterator[tuple[datetime, datetime]]:
    """Yield a month's stretches of so many local days from its first on; none where it has fewer.

    The last one is that of its last days: it may overlap the one before, and ends with a running month.
    """
    zone = month.point.zone
    first = month.starts_at.astimezone(zone).date()
    last = (month.ends_at - timedelta(microseconds=1)).astimezone(zone).date()
    latest = (last - first).days + 1 - days
    if latest < 0:
        return
    for start in dict.fromkeys([*range(0, latest + 1, days), latest]):
        begin = local_day(first + timedelta(days=start), zone)[0]
        yield begin, min(local_day(first + timedelta(days=start + days - 1), zone)[1], month.ends_at)


def _allows(outside: int, total: int, share_percent: float) -> Compliance:
    """Tell whether so many may be outside; the share is in hundredths at the finest."""
    spare = total * round(100 * (100.0 - share_percent)) // 10_000
    return Compliance.COMPLIANT if outside <= spare else Compliance.VIOLATING


def _slack(limit: float) -> float:
    return abs(limit) * AT_REST if np.isfinite(limit) else 0.0


def furthest(column: Columns, low: float, high: float) -> int | None:
    """Return where the value stands that is furthest out, or nearest to an edge; None without any."""
    if not np.isfinite(column).any():
        return None
    excess = np.maximum(column - high, low - column)
    return int(np.nanargmax(excess))


def _number(column: Columns, row: int | None) -> float | None:
    return None if row is None else float(column[row])


def _finite(limit: float) -> float | None:
    return limit if np.isfinite(limit) else None
