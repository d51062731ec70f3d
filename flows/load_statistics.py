"""Load statistics (负荷统计): the month of every meter, customer, area, category and group, once a night."""

from __future__ import annotations

from datetime import date

from prefect import flow

from flows.parameters import MonthOf
from flows.results import show
from flows.schedule import Scheduled, scheduled
from flows.steps import step
from services import load_months


@step
def summarise_month(month: date | None) -> load_months.KeptMonth:
    """Sum up a month of everything in the archive and keep it."""
    return load_months.keep_load_months(month)


@flow(name="load_statistics")
def load_statistics(month: MonthOf = None) -> int:
    """Sum up the month that a day lies in, up to now; without one the month of yesterday."""
    kept = summarise_month(month)
    show(
        key="load-statistics",
        rows=list(kept.highest),
        description="The month's highest loads, with load factor, coincidence and coverage",
        page="/load",
    )
    return kept.subjects


scheduled(
    Scheduled(
        flow=load_statistics,
        cron="52 2 * * *",
        zh="负荷统计：电表、客户、台区、类别与分组的月度负荷。",
    )
)
