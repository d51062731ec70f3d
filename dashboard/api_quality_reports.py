"""A power-quality report (电能质量月报) for programs: its figures as JSON or CSV, or the page itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from dashboard.access import CallerScope
from dashboard.quality_reports import ReportForm, ReportQuestion, report_answer

router = APIRouter(tags=["api"])
Form = Literal["json", "csv", "html"]
"""No PDF: that takes many times as long as the figures, and programs print the page."""
_FIGURES = {"type": "object", "required": ["service_point", "month", "verdicts"]}
DOCUMENTS: dict[int | str, dict[str, Any]] = {  # Any: a part of the OpenAPI document
    200: {
        "description": "The report",
        "content": {
            "application/json": {"schema": _FIGURES},
            "text/csv": {"schema": {"type": "string"}},
            "text/html": {"schema": {"type": "string"}},
        },
    }
}


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
