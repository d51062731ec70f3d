"""Power quality (电能质量) as JSON: points by the verdicts of a month, and one point's verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from dashboard.asked_times import MonthName
from dashboard.asking import Ask
from dashboard.pages.quality import Chosen, filter_of, month_of
from dashboard.paging import Paged
from storage.dashboard_quality import QualityCard, quality_cards, quality_months

router = APIRouter(tags=["api"])


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityPage:
    """A part of the list; ``months`` are those that were judged."""

    month: str
    months: Sequence[str]
    total: int
    points: Sequence[QualityCard]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiQuality:
    """One point's month, its verdicts as ``report.json`` has them."""

    service_point: str
    month: str
    meter: str
    verdicts: Sequence[Mapping[str, Any]]  # Any: JSON


@router.get("/api/quality")
def api_quality(asking: Ask, paging: Paged, chosen: Annotated[Chosen, Depends()]) -> QualityPage:
    """Return service points by their verdicts of a month, the worst first."""
    months = [month for month, _ in quality_months(asking.connection, scope=asking.scope)]
    wanted = filter_of(asking, chosen, months)
    points = quality_cards(
        asking.connection, wanted, scope=asking.scope, limit=paging.limit, offset=paging.offset
    )
    total = points[0].total if points else 0
    paging.tell(total)
    return QualityPage(
        month=f"{wanted.month:%Y-%m}",
        months=[f"{month:%Y-%m}" for month in months],
        total=total,
        points=points,
    )


@router.get("/api/quality/{point:path}")
def api_quality_point(asking: Ask, point: str, month: MonthName = "") -> ApiQuality:
    """Return all verdicts of one point's month, those for comparison too, in the order of the report."""
    judged, _ = month_of(asking, point, month)
    return ApiQuality(
        service_point=judged.service_point,
        month=f"{judged.month:%Y-%m}",
        meter=judged.meter,
        verdicts=judged.documents,
    )
