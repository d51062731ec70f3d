"""Remote reading (远程抄表): reads every bus now and fetches what is missing (补抄)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.limits import at_most
from flows.parameters import told
from flows.results import show
from flows.schedule import SKIP, Scheduled, scheduled
from flows.steps import passes
from services import read_now
from services import remote_reading as service
from services.bus_reading import BusReading
from services.present_reading import PresentReading


@task(
    task_run_name="read {buses}",
    cache_policy=NO_CACHE,
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=passes,
)
def read_group(limit: str, buses: list[str], backfill_days: float) -> list[BusReading]:
    """Read one group of buses; a task is a group, never a meter."""
    with at_most(limit):
        return service.read_buses(buses, backfill_days)


@task(task_run_name="read meters on {buses}", cache_policy=NO_CACHE)
def read_meters(limit: str, buses: list[str], meters: list[str]) -> list[PresentReading]:
    """Read some meters of one group of buses at once; one that is silent is a line of the result."""
    with at_most(limit):
        return read_now.read_meters(buses, meters)


@flow(name="remote_reading")
def remote_reading(  # noqa: PLR0913 - a form with all its fields
    buses: Annotated[
        list[str] | None, told("Buses (总线)", "Only these; empty: all (仅抄读这些总线)")
    ] = None,
    backfill_days: Annotated[
        float,
        told(
            "Backfill (补抄天数)",
            "Fetch what is missing of so many days (补抄最近若干天的缺失数据)",
            ge=0,
            le=400,
        ),
    ] = 1.0,
    buses_per_task: Annotated[
        int,
        told("Buses a task (每任务总线数)", "Buses that one task reads", ge=1, le=1000),
    ] = 50,
    *,
    meters: Annotated[
        list[str] | None,
        told("Meters (电表)", "Read only these, at once, and backfill nothing (随抄：仅抄读这些电表)"),
    ] = None,
    asked: Annotated[
        int | None,
        told(
            "Asked (随抄编号)",
            "Number of the wish of the dashboard that the result is for (随抄请求编号)",
            ge=1,
        ),
    ] = None,
    asked_by: Annotated[str, told("Asked by (请求人)", "Who wanted it (请求人)")] = "",
) -> dict[str, int]:
    """Read buses (all of them when none is named) and backfill the last ``backfill_days``.

    Where ``meters`` are named, those alone are read, at once: what the dashboard does when somebody asks.
    """
    if meters:
        return _read_asked(meters, buses_per_task, asked, asked_by)
    groups = service.groups_of_buses(buses, buses_per_task)
    futures = [read_group.submit(group.limit, list(group.buses), backfill_days) for group in groups]
    readings = [reading for future in futures for reading in future.result()]
    show(
        key="remote-reading",
        rows=[asdict(reading) for reading in readings],
        description="What each bus brought",
        page="/meters",
    )
    return service.totals(readings)


def _read_asked(meters: list[str], buses_per_task: int, asked: int | None, asked_by: str) -> dict[str, int]:
    groups = read_now.groups_of_meters(meters, buses_per_task)
    futures = [read_meters.submit(group.limit, list(group.buses), meters) for group in groups]
    readings = [reading for future in futures for reading in future.result()]
    if asked is not None:
        read_now.keep_results(asked, meters, readings)
    show(
        key="asked-reading",
        rows=read_now.as_table(readings),
        description="What meters said at once" + (f", for {asked_by}" if asked_by else ""),
        page="/meters" if asked is None else f"/readings/{asked}",
    )
    got = sum(reading.snapshot is not None for reading in readings)
    return {"meters": len(meters), "read": got, "missing": len(meters) - got}


scheduled(
    Scheduled(
        flow=remote_reading,
        cron="7,22,37,52 * * * *",
        zh="远程抄表：逐条总线读取当前值，并补抄缺失的历史数据。",
        collision=SKIP,
        at_once=4,
    )
)
