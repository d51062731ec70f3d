"""Missing readings (缺数): each gap of the month with its cause, an outage apart from lost communication."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.gaps import GapCause, gaps
from analysis.power_quality.judgement import Compliance, Evidence, Judgement, Reason
from analysis.power_quality.point_month import PointMonth

NAME = "missing_readings"
MOST_GAPS: Final = 200
"""So many of the longest are listed."""


def judge(month: PointMonth) -> Sequence[Judgement]:
    """Return one judgement: compliant where every gap has its cause, else not decidable."""
    found = gaps(month)
    minutes = {
        cause.value: sum((g.ends_at - g.starts_at).total_seconds() / 60.0 for g in found if g.cause is cause)
        for cause in GapCause
    }
    n = len(month.taken_at)
    expected = month.expected(month.period_s)
    longest = sorted(found, key=lambda gap: gap.starts_at - gap.ends_at)[:MOST_GAPS]
    reasons = tuple(
        Reason(key=f"gap_{cause.value}", parameters={"minutes": round(minutes[cause.value])})
        for cause in GapCause
        if minutes[cause.value]
    )
    has_unknown = minutes[GapCause.UNKNOWN.value] > 0
    return [
        Judgement(
            check=NAME,
            verdict=Compliance.NOT_DECIDABLE if has_unknown else Compliance.COMPLIANT,
            value=sum(minutes.values()),
            unit="min",
            evidence=Evidence(
                n=n,
                coverage=min(n / expected, 1.0) if expected else 0.0,
                at=longest[0].starts_at if longest else None,
            ),
            reasons=reasons or (Reason(key="no_gap"),),
            figures={
                "minutes": dict(minutes),
                "gaps": [
                    [
                        gap.starts_at.isoformat(),
                        (gap.ends_at - gap.starts_at).total_seconds() / 60.0,
                        gap.cause.value,
                        gap.readings,
                    ]
                    for gap in sorted(longest, key=lambda gap: gap.starts_at)
                ],
            },
        )
    ]


checks.register(NAME)(Check(name=NAME, part=11, judge=judge))
