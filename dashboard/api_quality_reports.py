"""A power-quality report (电能质量月报) for programs: its figures as JSON or CSV, or the page itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from dashboard.access import CallerScope
from dashboard.quality_reports import (
    AreaQuestion,
    ReportForm,
    ReportQuestion,
    area_report_answer,
    report_answer,
)

router = APIRouter(tags=["api"])
Form = Literal["json", "csv", "html"]
"""No PDF: that takes many times as long as the figures, and programs print the page."""
_FIGURES: dict[str, object] = {"type": "object", "required": ["service_point", "month", "verdicts"]}
_AREA_FIGURES: dict[str, object] = {
    "type": "object",
    "required": ["area", "month", "verdict", "classes", "points"],
}
Documents: TypeAlias = dict[int | str, dict[str, Any]]  # Any: a part of the OpenAPI document


def _documents(figures: dict[str, object]) -> Documents:
    return {
        200: {
            "description": "The report",
            "content": {
                "application/json": {"schema": figures},
                "text/csv": {"schema": {"type": "string"}},
                "text/html": {"schema": {"type": "string"}},
            },
        }
    }


DOCUMENTS = _documents(_FIGURES)
AREA_DOCUMENTS = _documents(_AREA_FIGURES)


@router.get("/api/quality-reports/{point:path}", response_class=Response, responses=DOCUMENTS)
async def api_quality_report(
    request: Request,
    scope: CallerScope,
    point: str,
    question: Annotated[ReportQuestion, Depends()],
    form: Annotated[Form, Query(alias="format")] = "json",
) -> Response:
    """Return the report of a month of a service point, or of the point at which a meter hangs.

    It is worked out when it is asked for, from the readings as they stand; ``json`` holds what
    ``report.json`` of ``kilowatch quality`` holds. At most two reports and exports are worked out at a time.
    """
    return await report_answer(request, scope, point, question, ReportForm(form))


@router.get("/api/area-quality-reports/{area:path}", response_class=Response, responses=AREA_DOCUMENTS)
async def api_area_quality_report(
    request: Request,
    scope: CallerScope,
    area: str,
    question: Annotated[AreaQuestion, Depends()],
    form: Annotated[Form, Query(alias="format")] = "json",
) -> Response:
    """Return the voltage quality of an area (台区) in a month: qualified rates by class and by point.

    It is put together out of the stored verdicts on the area's points, of the newest judged month where
    none is named. At most two reports and exports are worked out at a time.
    """
    return await area_report_answer(request, scope, area, question, ReportForm(form))
