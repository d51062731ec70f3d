"""The flows and readings that programs ask for, as JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path

from dashboard.access import LoggedIn, Writer
from dashboard.asking import Ask, Writing
from dashboard.pages.readings import MOST_NUMBER, ReadForm, ShownMeter, shown_reading, start_reading
from pipeline.errors import FlowServerError
from services.flow_status import FlowStatus, flow_statuses

router = APIRouter(tags=["api"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiFlow:
    """One deployed flow; ``crons`` in the time of ``zone``, ``late``: runs that nobody has picked up."""

    flow: str
    deployment: str
    crons: Sequence[str]
    zone: str | None
    is_paused: bool
    last_at: datetime | None
    last_state: str | None
    last_took_s: float | None
    running: int
    next_at: datetime | None
    late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiFlows:
    """The flows, or why Prefect's server does not tell."""

    flows: Sequence[ApiFlow]
    away: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAskedMeter:
    """What has become of one meter: ``state`` is waiting, reading, read, silent or not_served."""

    meter: str
    state: str
    taken_at: datetime | None
    values: Mapping[str, float]
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAskedReading:
    """A reading that was asked for; ``run_state`` as Prefect names it, ``why``: why no flow serves it."""

    id: int
    asked_at: datetime
    asked_by: str
    flow_run: str | None
    run_state: str | None
    why: str
    is_over: bool
    meters: Sequence[ApiAskedMeter]


@router.get("/api/flows")
def get_flows(_caller: LoggedIn) -> ApiFlows:
    """Return how every deployed flow fares."""
    try:
        found = asyncio.run(flow_statuses())
    except FlowServerError as error:
        return ApiFlows(flows=[], away=str(error))
    return ApiFlows(flows=[_flow(each) for each in found], away=None)


@router.post(
    "/api/readings",
    status_code=HTTPStatus.ACCEPTED,
    responses={404: {"description": "no such meter, area or bus"}},
)
def post_reading(writer: Writer, writing: Writing, wish: ReadForm) -> ApiAskedReading:
    """Have meters, or those of an area, read now; ask for the result by its ``id``."""
    return _asked(writing, start_reading(writing, wish, writer))


@router.get("/api/readings/{asked_id}")
def get_reading(
    asking: Ask,
    asked_id: Annotated[
        int,
        Path(ge=1, le=MOST_NUMBER, description="The `id` that POST /api/readings gave."),
    ],
) -> ApiAskedReading:
    """Return how far a reading is that somebody asked for, and what the meters said."""
    return _asked(asking, asked_id)


def _asked(asking: Ask, asked_id: int) -> ApiAskedReading:
    shown = shown_reading(asking, asked_id)
    return ApiAskedReading(
        id=asked_id,
        asked_at=shown.asked.asked_at,
        asked_by=shown.asked.asked_by,
        flow_run=None if shown.asked.flow_run is None else str(shown.asked.flow_run),
        run_state=shown.run_state,
        why=shown.asked.why,
        is_over=shown.is_over,
        meters=[_meter(each) for each in shown.meters],
    )


def _meter(each: ShownMeter) -> ApiAskedMeter:
    return ApiAskedMeter(
        meter=each.meter.meter,
        state=each.state.value,
        taken_at=each.taken_at,
        values={quantity.value: value for quantity, value in each.values},
        failure=each.failure,
    )


def _flow(each: FlowStatus) -> ApiFlow:
    return ApiFlow(
        flow=each.flow,
        deployment=each.deployment,
        crons=each.crons,
        zone=each.zone,
        is_paused=each.is_paused,
        last_at=each.last_at,
        last_state=each.last_state,
        last_took_s=None if each.last_took is None else each.last_took.total_seconds(),
        running=each.running,
        next_at=each.next_at,
        late=each.late,
    )
