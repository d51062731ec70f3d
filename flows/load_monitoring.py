"""Load monitoring (负荷监测): the daily curve's maximum with its time, minimum, energy and load factor."""

from __future__ import annotations

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from services import assess, derive
from storage.statistics import LoadDay


@task(cache_policy=NO_CACHE, retries=1)
def derive_intervals(days: int) -> int:
    """Turn the registers of the last ``days`` days into interval energy."""
    return derive.derive_recent(days)


@task(cache_policy=NO_CACHE, retries=1)
def summarise_load(days: int) -> list[LoadDay]:
    """Sum up every meter's local days."""
    return assess.load_days(days)


@flow(name="load_monitoring")
def load_monitoring(days: int = 2) -> int:
    """Derive intervals and daily load for the last ``days`` days, today included."""
    derive_intervals(days)
    rows = summarise_load(days)
    create_table_artifact(
        key="load-monitoring",
        table=assess.highest_loads(rows),
        description="The highest 15-minute loads",
    )
    return len(rows)
