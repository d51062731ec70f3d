"""Load monitoring (负荷监测): the daily curve's maximum with its time, minimum, energy and load factor."""

from __future__ import annotations

from prefect import flow

from flows.parameters import Days
from flows.results import show
from flows.schedule import SKIP, Scheduled, scheduled
from flows.steps import step
from services import assess, derive
from storage.statistics import LoadDay


@step
def derive_intervals(days: int) -> int:
    """Turn the registers of the last ``days`` days into interval energy."""
    return derive.derive_recent(days)


@step
def summarise_load(days: int) -> list[LoadDay]:
    """Sum up every meter's local days."""
    return assess.load_days(days)


@flow(name="load_monitoring")
def load_monitoring(days: Days = 2) -> int:
    """Derive intervals and daily load for the last ``days`` days, today included."""
    derive_intervals(days)
    rows = summarise_load(days)
    show(
        key="load-monitoring",
        rows=assess.highest_loads(rows),
        description="The highest 15-minute loads",
        page="/load",
    )
    return len(rows)


scheduled(
    Scheduled(
        flow=load_monitoring,
        cron="12 * * * *",
        zh="负荷监测：逐日负荷曲线的最大值及时间、最小值、电量与负荷率。",
        collision=SKIP,
    )
)
