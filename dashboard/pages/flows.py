"""The page of flows: when each runs, how its last run went, and what is late; from Prefect's server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from dashboard import flow_words
from dashboard.asking import Ask, Asking
from dashboard.rendering import page
from pipeline.errors import FlowServerError
from services.flow_server import FlowServerSettings
from services.flow_settings import load_flow_settings
from services.flow_status import FlowStatus, flow_statuses
from services.settings import load
from storage.asked_readings import AskedReading, asked_meters, newest_asked

router = APIRouter(include_in_schema=False)
ASKED_SHOWN = 10
ASKED_LOOKED_AT = 50
"""Newest wishes of everybody, of which the caller sees those about meters of their areas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFlow:
    """One flow as a reader sees it."""

    status: FlowStatus
    schedule: str
    is_bad: bool


@router.get("/flows", name="flows", response_class=HTMLResponse)
def show_flows(asking: Ask) -> HTMLResponse:
    """Show every deployed flow, or that and why Prefect's server does not tell."""
    away = ""
    found: Sequence[FlowStatus] = ()
    try:
        found = asyncio.run(flow_statuses())
    except FlowServerError as error:
        away = str(error)
    return page(
        asking,
        "flows.html",
        flows=[_shown(each, asking) for each in found],
        away=flow_words.away_words(away, asking.formats),
        ui=prefect_pages(),
        asked=_asked(asking),
        flow_words=flow_words,
    )


def prefect_pages() -> str | None:
    """Return the address of Prefect's own pages; None where no server is named."""
    named = load_flow_settings().prefect_ui
    if named is not None:
        return named.rstrip("/")
    parts = urlsplit(load(FlowServerSettings).url or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None


def _shown(status: FlowStatus, asking: Asking) -> ShownFlow:
    return ShownFlow(
        status=status,
        schedule=flow_words.schedule_words(status.crons, asking.formats),
        is_bad=status.is_bad,
    )


def _asked(asking: Asking) -> list[AskedReading]:
    """Return the newest wishes with those of their meters that the caller may see."""
    found = (
        (asked, asked_meters(asking.connection, asked, scope=asking.scope))
        for asked in newest_asked(asking.connection, limit=ASKED_LOOKED_AT)
    )
    seen = (replace(asked, meters=[each.meter for each in meters]) for asked, meters in found if meters)
    return list(islice(seen, ASKED_SHOWN))
