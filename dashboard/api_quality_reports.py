"""A power-quality report (电能质量月报) for programs: its figures as JSON or CSV, or the document itself."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from dashboard.access import CallerScope
from dashboard.quality_reports import MEDIA_TYPES, ReportForm, ReportQuestion, report_answer

router = APIRouter(tags=["api"])
_SCHEMAS: dict[ReportForm, dict[str, Any]] = {  # Any: a part of the OpenAPI document
    ReportForm.JSON: {"type": "object", "required": ["service_point", "month", "verdicts"]},
    ReportForm.PDF: {"type": "string", "format": "binary"},
}
DOCUMENTS: dict[int | str, dict[str, Any]] = {  # Any: likewise
    200: {
        "description": "The report",
        "content": {
            MEDIA_TYPES[form].partition(";")[0]: {"schema": _SCHEMAS.get(form, {"type": "string"})}
            for form in ReportForm
        },
    }
}


@router.get("/api/quality-reports/{point:path}", response_class=Response, responses=DOCUMENTS)
async def api_quality_report(
    request: Request,
    scope: CallerScope,
    point: str,
    question: Annotated[ReportQuestion, Depends()],
    form: Annotated[ReportForm, Query(alias="format")] = ReportForm.JSON,
) -> Response:
    """Return the report of a month of a service point, or of the point at which a meter hangs.

    It is worked out when it is asked for, from the readings as they stand; ``json`` holds what
    ``report.json`` of ``kilowatch quality`` holds. At most two reports and exports are worked out at a time.
    """
    return await report_answer(request, scope, point, question, form)
