"""Final intervals (数据校验与估算): checks what was measured, fills what is missing, names changed bills."""

from __future__ import annotations

from prefect import flow

from flows.parameters import Days
from flows.results import show
from flows.schedule import Scheduled, scheduled
from flows.steps import step
from services import derive, vee_recent


@step
def derive_intervals(days: int) -> int:
    """Turn the registers of the last ``days`` days into interval energy."""
    return derive.derive_recent(days)


@step
def validate_and_estimate(days: int) -> vee_recent.RecentVee:
    """Run the rules and store what stands in for what is missing."""
    return vee_recent.vee_recent(days)


@flow(name="final_intervals")
def final_intervals(days: Days = 40) -> int:
    """Bring the final intervals of the last ``days`` days (a month and what came before) up to date."""
    derive_intervals(days)
    result = validate_and_estimate(days)
    show(
        key="changed-bills",
        rows=vee_recent.as_table(result.bills),
        description="Bills whose energy is no longer what was given out",
        page="/bills?state=final",
    )
    return result.changed


scheduled(
    Scheduled(
        flow=final_intervals,
        cron="42 2,6 * * *",
        zh="数据校验与估算：校验量测数据，补全缺失，指出需更正的账单。",
    )
)
