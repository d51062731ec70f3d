"""Remote reading (远程抄表): reads every bus now and fetches what is missing (补抄)."""

from __future__ import annotations

from dataclasses import asdict

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from services import remote_reading as service
from services.bus_reading import BusReading


@task(task_run_name="read {buses}", retries=1, retry_delay_seconds=10, cache_policy=NO_CACHE)
def read_group(buses: list[str], backfill_days: float) -> list[BusReading]:
    """Read one group of buses; a task is a group, never a meter."""
    return service.read_buses(buses, backfill_days)


@flow(name="remote_reading", retries=0)
def remote_reading(
    buses: list[str] | None = None, backfill_days: float = 1.0, buses_per_task: int = 50
) -> dict[str, int]:
    """Read buses (all of them when none is named) and backfill the last ``backfill_days``."""
    groups = service.groups_of_buses(buses, buses_per_task)
    futures = [read_group.submit(group, backfill_days) for group in groups]
    readings = [reading for future in futures for reading in future.result()]
    create_table_artifact(
        key="remote-reading",
        table=[asdict(reading) for reading in readings],
        description="What each bus brought",
    )
    return service.totals(readings)
