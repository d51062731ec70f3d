"""The pages of power quality (电能质量): points by the verdicts of a month, and one point's verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from analysis.power_quality.documents import judgement_of
from analysis.power_quality.judgement import FOR_COMPARISON, WORST_FIRST, Judgement, binds, excess, overall
from dashboard.asked_times import MonthName
from dashboard.asking import Ask, Asking
from dashboard.failures import NotFoundError
from dashboard.rendering import page, reader
from dashboard.search_text import SearchText
from dashboard.words import marked
from pipeline.timegrid import last_month
from reports.power_quality.telling import Telling
from storage.dashboard_quality import QualityFilter, quality_cards, quality_months
from storage.quality_judgements import JudgedMonth, judged_months

router = APIRouter(include_in_schema=False)
PAGE_LENGTH = 50
CHIPS: Mapping[str, str] = {
    "violating": "severity-major",
    "not decidable": "verdict-unknown",
    "compliant": "verdict-normal",
    "not applicable": "verdict-normal",
}


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What the address narrows the list to."""

    q: SearchText = ""
    month: MonthName = ""


@router.get("/quality", name="quality", response_class=HTMLResponse)
def show_quality(
    asking: Ask,
    chosen: Annotated[Chosen, Depends()],
    page_number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> HTMLResponse:
    """Show service points by the verdicts of a month, the worst first."""
    months = quality_months(asking.connection, scope=asking.scope)
    wanted = filter_of(asking, chosen, [month for month, _ in months])
    cards = quality_cards(
        asking.connection,
        wanted,
        scope=asking.scope,
        limit=PAGE_LENGTH,
        offset=(page_number - 1) * PAGE_LENGTH,
    )
    total = cards[0].total if cards else 0
    return page(
        asking,
        "quality.html",
        t=_telling(asking),
        cards=cards,
        months=[month for month, _ in months],
        month=wanted.month,
        total=total,
        chosen=chosen,
        chips=CHIPS,
        pages=max(-(-total // PAGE_LENGTH), 1),
        page_number=page_number,
    )


@router.get("/quality/{point:path}", name="quality_point", response_class=HTMLResponse)
def show_point(asking: Ask, point: str, month: MonthName = "") -> HTMLResponse:
    """Show one service point's verdicts of a month: value against limit, clause, and how much is known."""
    judged, months = month_of(asking, point, month)
    wanted = QualityFilter(month=judged.month, for_comparison=FOR_COMPARISON, service_point=point)
    cards = quality_cards(asking.connection, wanted, scope=asking.scope, limit=1)
    f = reader(asking, cards[0].zone if cards else None)
    judgements = worst_first(judged)
    return page(
        asking,
        "quality_point.html",
        f=f,
        t=Telling(language=f.language, zone=f.zone),
        judged=judged,
        judgements=judgements,
        compared=[j for j in map(judgement_of, judged.documents) if not binds(j) and j.reference is not None],
        verdict=overall([judgement.verdict for judgement in judgements]),
        months=months,
        chips=CHIPS,
    )


def filter_of(asking: Asking, chosen: Chosen, months: Sequence[date]) -> QualityFilter:
    """Return what storage is asked for: the newest judged month where the address names none."""
    newest = months[0] if months else last_month(asking.now, asking.formats.zone)
    month = date.fromisoformat(f"{chosen.month}-01") if chosen.month else newest
    return QualityFilter(month=month, for_comparison=FOR_COMPARISON, search=chosen.q)


def month_of(asking: Asking, point: str, month: str) -> tuple[JudgedMonth, Sequence[date]]:
    """Return a judged month of a point that the caller may see, by default its newest, and all it has.

    Raises:
        NotFoundError: If there is none.
    """
    stored = judged_months(
        asking.connection, scope=asking.scope, first=date.min, last=date.max, service_points=[point]
    )
    found = {each.month: each for each in stored}
    wanted = date.fromisoformat(f"{month}-01") if month else max(found, default=None)
    if wanted is None or wanted not in found:
        raise NotFoundError(
            marked("No verdicts on such a point and month. The flow power_quality makes them.")
        )
    return found[wanted], sorted(found, reverse=True)


def worst_first(judged: JudgedMonth) -> list[Judgement]:
    """Return the binding judgements of a month: violations first, the farthest beyond its limit before."""
    binding = [judgement for judgement in map(judgement_of, judged.documents) if binds(judgement)]
    return sorted(binding, key=lambda judgement: (WORST_FIRST.index(judgement.verdict), -excess(judgement)))


def _telling(asking: Asking) -> Telling:
    zone: ZoneInfo = asking.formats.zone
    return Telling(language=asking.formats.language, zone=zone)
