"""Violations of power-quality limits as episodes: months in a row in which one check found a point over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from analysis.power_quality.judgement import Compliance, Judgement, binds, excess
from detectors.engine import episode_id
from pipeline.model import Episode, Json, MeterId, Severity, Verdict

DETECTOR = "power_quality"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthVerdicts:
    """All that was judged of one point's month."""

    month: date
    starts_at: datetime
    ends_at: datetime
    meter: MeterId
    judgements: Sequence[Judgement]


def month_violations(service_point: str, history: Sequence[MonthVerdicts]) -> list[Episode]:
    """Return one episode for each check and run of months in a row that violate a binding limit.

    The same history gives the same episodes; a further month lengthens the last one under its id.

    Args:
        service_point: Its id, or that of a meter that stands alone.
        history: Rising months, as judged last; a month that was not judged ends a run.
    """
    names = sorted({j.check for month in history for j in month.judgements})
    return [_episode(service_point, name, run) for name in names for run in _runs(name, history)]


def _violating(check: str, month: MonthVerdicts) -> list[Judgement]:
    return [
        j for j in month.judgements if j.check == check and j.verdict is Compliance.VIOLATING and binds(j)
    ]


def _runs(check: str, history: Sequence[MonthVerdicts]) -> Iterator[list[MonthVerdicts]]:
    over = [month for month in history if _violating(check, month)]
    for _, run in groupby(enumerate(over), key=lambda placed: _number(placed[1].month) - placed[0]):
        yield [month for _, month in run]


def _number(month: date) -> int:
    return 12 * month.year + month.month


def _episode(service_point: str, check: str, run: Sequence[MonthVerdicts]) -> Episode:
    last = run[-1]
    found = _violating(check, last)
    worst = max(found, key=excess)
    return Episode(
        id=episode_id(DETECTOR, service_point, f"{check} {run[0].month:%Y-%m}"),
        detector=DETECTOR,
        version=1,
        meter=last.meter,
        service_point=None if service_point == last.meter else service_point,
        starts_at=run[0].starts_at,
        ends_at=last.ends_at,
        detected_at=last.ends_at,
        verdict=Verdict.ABNORMAL,
        severity=Severity.MAJOR,
        score=1.0,
        message="episode.power_quality",
        parameters={
            "service_point": service_point,
            "month": f"{last.month:%Y-%m}",
            "check": check,
            "subject": worst.subject,
            "value": _rounded(worst.value),
            "limit": _rounded(worst.low_limit if _is_under(worst) else worst.limit),
            "unit": worst.unit,
            "standard": str(worst.reference),
            "figures": len(found),
        },
        evidence={
            "check": check,
            "months_in_a_row": len(run),
            "violations": [_shown(judgement) for judgement in sorted(found, key=excess, reverse=True)],
        },
    )


def _is_under(judgement: Judgement) -> bool:
    return (
        judgement.value is not None
        and judgement.low_limit is not None
        and judgement.value < judgement.low_limit
    )


def _shown(judgement: Judgement) -> Mapping[str, Json]:
    reference = judgement.reference
    return {
        "subject": judgement.subject,
        "value": _rounded(judgement.value),
        "limit": _rounded(judgement.limit),
        "unit": judgement.unit,
        "phase": judgement.evidence.phase or "",
        "readings": judgement.evidence.n,
        "coverage_percent": round(100.0 * judgement.evidence.coverage, 1),
        "standard": str(reference),
        "limit_confirmed": reference is not None and reference.confirmed,
        "formula": judgement.formula,
    }


def _rounded(value: float | None) -> float | str:
    return "-" if value is None else float(f"{value:.4g}")
