"""A point's power-quality report (电能质量月报) as an answer: reports wait for each other, pages do not."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Query, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from dashboard.asked_times import MonthName
from dashboard.asking import Dashboard, language_of
from dashboard.failures import NotFoundError, UnavailableError
from dashboard.words import marked
from pipeline.errors import MissingPartError
from pipeline.model import Scope
from pipeline.timegrid import last_month
from reports.pdf import pdf_of
from reports.power_quality.area import area_csv, area_document, area_page
from reports.power_quality.figures import canonical, figures_csv, figures_document, sha256_of
from reports.power_quality.page import page
from reports.power_quality.subject import MonthlyReport
from services.area_quality import area_report
from services.quality_asked import report_asked
from storage.area_scope import limited_to

LONGEST_WAIT_S: Final = 30.0
"""For the turn of a report; whoever would wait longer is told to come again."""
NO_AREA_REPORT: Final = marked(
    "No report: your areas have no such area, or no point of it was judged in that month. "
    "The flow power_quality makes the verdicts."
)
_STYLE: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)


class ReportForm(StrEnum):
    """In which form a report is given."""

    HTML = "html"
    PDF = "pdf"
    CSV = "csv"
    JSON = "json"


MEDIA_TYPES: Final = {
    ReportForm.HTML: "text/html; charset=utf-8",
    ReportForm.PDF: "application/pdf",
    ReportForm.CSV: "text/csv; charset=utf-8",
    ReportForm.JSON: "application/json",
}


@dataclass(frozen=True, kw_only=True)
class ReportQuestion:
    """Which month's report."""

    month: Annotated[MonthName, Query(description="2026-10; the last month that is over when left out")] = ""


@dataclass(frozen=True, kw_only=True)
class AreaQuestion:
    """Which month's report of an area."""

    month: Annotated[
        MonthName, Query(description="2026-10; the newest month in which a point was judged when left out")
    ] = ""


async def report_answer(
    request: Request, scope: Scope, name: str, question: ReportQuestion, form: ReportForm
) -> Response:
    """Return the report of a service point, or of the point of a meter.

    Raises:
        NotFoundError: If the caller can see no such point, or nothing hung there in the month.
        UnavailableError: 503 if the turn does not come in time, 501 if no PDF can be made here.
    """
    return await in_turn(request, partial(_made, request, scope, name, question.month, form))


async def area_report_answer(
    request: Request, scope: Scope, area: str, question: AreaQuestion, form: ReportForm
) -> Response:
    """Return the report of an area, of its newest judged month where none is named.

    Raises:
        NotFoundError: If the caller can see no such area, or no verdict on the month is stored.
        UnavailableError: 503 if the turn does not come in time, 501 if no PDF can be made here.
    """
    return await in_turn(request, partial(_made_of_area, request, scope, area, question.month, form))


async def in_turn(request: Request, made: Callable[[], Response]) -> Response:
    """Return what is made in a thread when the turn has come.

    Raises:
        UnavailableError: 503 if it does not come in time.
    """
    turns: asyncio.Semaphore = request.app.state.exports
    try:
        await asyncio.wait_for(turns.acquire(), LONGEST_WAIT_S)
    except TimeoutError as error:
        raise UnavailableError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            marked("Several reports are being made just now. Ask again in a minute."),
        ) from error
    try:
        return await run_in_threadpool(made)
    finally:
        turns.release()


def _made(request: Request, scope: Scope, name: str, month: str, form: ReportForm) -> Response:
    dashboard: Dashboard = request.app.state.dashboard
    now = dashboard.clock()
    first = date.fromisoformat(f"{month}-01") if month else last_month(now, dashboard.zone)
    # The connection is given back before anything is drawn.
    with dashboard.pool.connection() as connection, limited_to(connection, scope):
        report = report_asked(connection, name, first, now, scope=scope)
    if report is None:
        raise NotFoundError(
            marked("No report: your areas have no such service point or meter, or no meter hung there then.")
        )
    return _drawn(_of_point(report), form, language_of(request))


def _made_of_area(request: Request, scope: Scope, area: str, month: str, form: ReportForm) -> Response:
    dashboard: Dashboard = request.app.state.dashboard
    first = date.fromisoformat(f"{month}-01") if month else None
    with dashboard.pool.connection() as connection, limited_to(connection, scope):
        found = area_report(connection, area, first, dashboard.clock(), scope=scope)
    if found is None:
        raise NotFoundError(NO_AREA_REPORT)
    report = found.report
    drawing = Drawing(
        name=f"{report.area}-{report.month_text}",
        figures=canonical(area_document(report)),
        table=partial(area_csv, report),
        page=partial(area_page, report),
    )
    return _drawn(drawing, form, language_of(request))


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A report that can be given in every form."""

    name: str
    """Of its files."""
    figures: bytes
    """As JSON."""
    table: Callable[[], bytes]
    """As CSV."""
    page: Callable[[str, str], str]
    """As HTML of a language, with the SHA-256 of the figures."""


def _of_point(report: MonthlyReport) -> Drawing:
    return Drawing(
        name=f"{report.month.point.service_point}-{report.month_text}",
        figures=canonical(figures_document(report)),
        table=partial(figures_csv, report),
        page=partial(page, report),
    )


def _drawn(drawing: Drawing, form: ReportForm, language: str) -> Response:
    name = f"{drawing.name}.{form.value}"
    if form is ReportForm.JSON:
        return _answer(drawing.figures, form, name)
    if form is ReportForm.CSV:
        return _answer(drawing.table(), form, name)
    html = drawing.page(language, sha256_of(drawing.figures))
    if form is ReportForm.HTML:
        return _answer(html.encode(), form, name, {"Content-Security-Policy": _policy(html)})
    try:
        return _answer(pdf_of(html).raw, form, name)
    except MissingPartError as error:
        raise UnavailableError(HTTPStatus.NOT_IMPLEMENTED, str(error)) from error


def _answer(raw: bytes, form: ReportForm, name: str, headers: dict[str, str] | None = None) -> Response:
    """Return a document that the browser opens, with the name under which it is kept (RFC 6266)."""
    place = "attachment" if form is ReportForm.CSV else "inline"
    kept = {"Content-Disposition": f"{place}; filename*=UTF-8''{quote(name, safe='')}"}
    return Response(raw, media_type=MEDIA_TYPES[form], headers={**kept, **(headers or {})})


def _policy(html: str) -> str:
    """Return what the browser may take in: the document's own style sheet by its hash, and nothing else."""
    hashes = [hashlib.sha256(style.encode()).digest() for style in _STYLE.findall(html)]
    styles = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in hashes)
    return (
        f"default-src 'none'; style-src {styles}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
