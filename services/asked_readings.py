"""Has meters read because somebody at a page asks (随抄): a flow does it, or the owners of their buses."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pipeline.errors import FlowServerError
from services.flow_server import flow_server
from services.flow_status import TAG
from services.read_now import NO_BUS
from services.read_requests import this_process
from storage.asked_readings import (
    AskedReading,
    MeterOnBus,
    add_asked,
    add_results,
    note_flow_run,
    note_requests,
)
from storage.database import Connection
from storage.requests import file_request

FLOW = "remote_reading/on-demand"
"""The deployment that reads what people ask for."""
READY = "READY"
"""The status of a deployment whose runs somebody has asked for within the last minute."""
MOST_METERS = 500
"""Of one wish; more are a round of the schedule."""


def ask_for_reading(
    connection: Connection, meters: Sequence[MeterOnBus], asked_by: str, now: datetime
) -> int:
    """File a wish for meters to be read now, have it served, and return its number.

    A run of the flow is started; where Prefect's server is away, does not know the flow or has nobody to
    run it, the owners of the buses are asked over the table of read requests instead.

    Raises:
        StorageError: If the database is away.
    """
    ids = [each.meter for each in meters]
    asked_id = add_asked(connection, ids, asked_by, now)
    try:
        run = asyncio.run(_start(ids, asked_id, asked_by))
    except FlowServerError as error:
        _ask_owners(connection, asked_id, meters, str(error))
    else:
        note_flow_run(connection, asked_id, run)
    return asked_id


def state_of_run(asked: AskedReading) -> str | None:
    """Return the state of the run that serves a wish, as Prefect names it; None where nobody can tell."""
    if asked.flow_run is None:
        return None
    try:
        return asyncio.run(_state(asked.flow_run))
    except FlowServerError:
        return None


async def _start(meters: Sequence[str], asked_id: int, asked_by: str) -> UUID:
    async with flow_server() as server:
        deployment = await server.ask(f"/deployments/name/{FLOW}")
        if deployment["paused"] or deployment["status"] != READY:
            raise FlowServerError(f"nobody runs {FLOW}: `kilowatch flows serve` does, or a worker")
        run = await server.ask(
            f"/deployments/{deployment['id']}/create_flow_run",
            {
                "parameters": {"meters": list(meters), "asked": asked_id, "asked_by": asked_by},
                "tags": [TAG, "asked"],
            },
        )
        return UUID(run["id"])


async def _state(run: UUID) -> str:
    async with flow_server() as server:
        found = await server.ask(f"/flow_runs/{run}")
        return str(found["state_name"])


def _ask_owners(connection: Connection, asked_id: int, meters: Sequence[MeterOnBus], why: str) -> None:
    requests = [
        file_request(
            connection,
            bus=each.bus,
            kind="present",
            meter=each.meter,
            filed_by=f"{this_process()}, asked reading {asked_id}",
        )
        for each in meters
        if each.bus is not None
    ]
    note_requests(connection, asked_id, requests, why)
    silent = {each.meter: {"failure": NO_BUS, "deviations": []} for each in meters if each.bus is None}
    add_results(connection, asked_id, silent)
