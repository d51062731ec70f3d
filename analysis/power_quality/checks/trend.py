"""Early warning (预警): figures that rise towards their limit over months, and levels that changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from math import ceil
from typing import Final

from analysis.month_trend import LEAST_MONTHS, Rise, months_until, rise, step
from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.judgement import DECIDED, Compliance, Evidence, Judgement, Reason, binds
from analysis.power_quality.point_month import PointMonth
from pipeline.timegrid import local_month

NAME: Final = "trend"
HORIZON_MONTHS: Final = 12
"""A limit that is further away is no warning (own)."""
ROUNDING: Final = 1e-6
"""A limit reached in 2.0000001 months is reached in 2."""
LEAST_STEP: Final = 0.1
"""A change of level below this share of the limit does not matter (own)."""

Key = tuple[str, str, str]


def conclude(month: PointMonth, judgements: Sequence[Judgement]) -> list[Judgement]:
    """Return what rises towards its limit or has stepped, as no verdict; nothing without earlier months."""
    earlier = {first: _by_key(found) for first, found in sorted(month.earlier.items()) if first < month.month}
    if not earlier:
        return []
    found = [
        judgement
        for key, now in _by_key(judgements).items()
        for judgement in _of_figure(month, now, _history(key, earlier) | {month.month: _share(now)})
    ]
    if found:
        return found
    told = {"months": len(earlier) + 1, "least": LEAST_MONTHS}
    return [
        Judgement(
            check=NAME,
            verdict=Compliance.NOT_APPLICABLE,
            reasons=(Reason(key="no_trend", parameters=told),),
        )
    ]


def _of_figure(month: PointMonth, now: Judgement, shares: Mapping[date, float]) -> Iterator[Judgement]:
    months, figures = list(shares), list(shares.values())
    reasons = [
        *_warnings(rise([_number(m) for m in months], figures)),
        *_steps(month, months, figures),
    ]
    if reasons:
        yield Judgement(
            check=NAME,
            subject=f"{now.check} {now.subject}".strip(),
            verdict=Compliance.NOT_APPLICABLE,
            value=now.value,
            unit=now.unit,
            limit=now.limit,
            evidence=Evidence(n=len(months), phase=now.evidence.phase),
            reasons=reasons,
            figures={
                "months": [
                    {"month": f"{m:%Y-%m}", "percent_of_limit": round(100.0 * share, 2)}
                    for m, share in shares.items()
                ]
            },
        )


def _warnings(found: Rise | None) -> Iterator[Reason]:
    left = None if found is None else months_until(found, 1.0)
    if found is not None and left is not None and left <= HORIZON_MONTHS:
        yield Reason(
            key="rises_to_limit",
            parameters={
                "percent": round(100.0 * found.level),
                "per_month": round(100.0 * found.per_month, 1),
                "months": ceil(left - ROUNDING),
            },
        )


def _steps(month: PointMonth, months: Sequence[date], figures: Sequence[float]) -> Iterator[Reason]:
    """Yield a new level, and the archive's changes of its first month and the one before."""
    found = step(figures, LEAST_STEP)
    if found is not None:
        yield Reason(
            key="level_changed",
            parameters={
                "month": f"{months[found.place]:%Y-%m}",
                "before": round(100.0 * found.before),
                "after": round(100.0 * found.after),
            },
        )
        yield from _filed(month, months[found.place - 1], months[found.place])


def _filed(month: PointMonth, before: date, first: date) -> Iterator[Reason]:
    """Yield what the archive changed from the last month of the old level to the first one of the new."""
    zone = month.point.zone
    begin, end = (
        local_month(before.year, before.month, zone)[0],
        local_month(first.year, first.month, zone)[1],
    )
    near = [change for change in month.changes if begin <= change.at < end]
    for change in near:
        day = f"{change.at.astimezone(zone):%Y-%m-%d}"
        yield Reason(key="change_filed", parameters={"entry": change.entry, "day": day, "what": change.what})
    if not near:
        yield Reason(key="no_change_filed")


def _by_key(judgements: Sequence[Judgement]) -> dict[Key, Judgement]:
    """Return the decided judgements on a figure with an upper limit, by check, subject and standard.

    What is shown for comparison, or decides nothing, warns of nothing. The limit may differ from month to
    month: what is followed is the figure's share of it.
    """
    return {
        (j.check, j.subject, j.reference.standard): j
        for j in judgements
        if j.reference is not None
        and binds(j)
        and j.verdict in DECIDED
        and j.value is not None
        and j.limit
        and j.limit > 0.0
        and j.low_limit is None
    }


def _history(key: Key, earlier: Mapping[date, Mapping[Key, Judgement]]) -> dict[date, float]:
    return {first: _share(found[key]) for first, found in earlier.items() if key in found}


def _share(judgement: Judgement) -> float:
    return (judgement.value or 0.0) / (judgement.limit or 1.0)


def _number(first: date) -> int:
    return 12 * first.year + first.month


checks.register(NAME)(Check(name=NAME, part=12, conclude=conclude))
