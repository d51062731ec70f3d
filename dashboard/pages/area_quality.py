"""An area's power quality (台区电能质量) in a month: qualified rates by class and point, the report."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from dashboard.access import CallerScope
from dashboard.asking import Ask
from dashboard.failures import NotFoundError
from dashboard.pages.quality import CHIPS, MonthName
from dashboard.quality_reports import NO_AREA_REPORT, AreaQuestion, ReportForm, area_report_answer
from dashboard.rendering import page
from reports.power_quality.area import class_name, rate_text, span_text
from reports.power_quality.telling import Telling
from services.area_quality import area_report

router = APIRouter(include_in_schema=False)


@router.get("/quality-areas/{area:path}", name="area_quality", response_class=HTMLResponse)
def show_area_quality(asking: Ask, area: str, month: MonthName = "") -> HTMLResponse:
    """Show how the points of an area kept to their voltages in a month, the worst first."""
    first = date.fromisoformat(f"{month}-01") if month else None
    found = area_report(asking.connection, area, first, asking.now, scope=asking.scope)
    if found is None:
        raise NotFoundError(NO_AREA_REPORT)
    report = found.report
    return page(
        asking,
        "area_quality.html",
        t=Telling(language=asking.formats.language, zone=report.zone),
        report=report,
        months=found.months,
        chips=CHIPS,
        class_name=class_name,
        rate_text=rate_text,
        span_text=span_text,
    )


@router.get("/area-quality-reports/{area:path}", name="area_quality_report", response_class=Response)
async def show_area_report(
    request: Request,
    scope: CallerScope,
    area: str,
    question: Annotated[AreaQuestion, Depends()],
    form: Annotated[ReportForm, Query(alias="as")] = ReportForm.HTML,
) -> Response:
    """Show the report of an area and month as a document to print and keep."""
    return await area_report_answer(request, scope, area, question, form)
