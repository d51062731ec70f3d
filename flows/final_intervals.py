"""Final intervals (数据校验与估算): checks what was measured, fills what is missing, names changed bills."""

from __future__ import annotations

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from services import derive, vee_recent


@task(cache_policy=NO_CACHE, retries=1)
def derive_intervals(days: int) -> int:
    """Turn the registers of the last ``days`` days into interval energy."""
    return derive.derive_recent(days)


@task(cache_policy=NO_CACHE, retries=1)
def validate_and_estimate(days: int) -> vee_recent.RecentVee:
    """Run the rules and store what stands in for what is missing."""
    return vee_recent.vee_recent(days)


@flow(name="final_intervals")
def final_intervals(days: int = 40) -> int:
    """Bring the final intervals of the last ``days`` days (a month and what came before) up to date."""
    derive_intervals(days)
    result = validate_and_estimate(days)
    create_table_artifact(
        key="changed-bills",
        table=vee_recent.as_table(result.bills),
        description="Bills whose energy is no longer what was given out",
    )
    return result.changed
