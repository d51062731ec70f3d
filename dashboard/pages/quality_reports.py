"""A power-quality report (电能质量月报) opened from a page: by service point or meter, and month."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from dashboard.access import CallerScope
from dashboard.quality_reports import ReportForm, ReportQuestion, report_answer

router = APIRouter(include_in_schema=False)
LONGEST_NAME = 200


@router.get("/quality-report", name="quality_report", response_class=Response)
async def show_report(
    request: Request,
    scope: CallerScope,
    question: Annotated[ReportQuestion, Depends()],
    point: Annotated[str, Query(min_length=1, max_length=LONGEST_NAME)],
    form: Annotated[ReportForm, Query(alias="as")] = ReportForm.HTML,
) -> Response:
    """Show the report of a month of a service point, or of the point at which a meter hangs."""
    return await report_answer(request, scope, point.strip(), question, form)
