"""Load statistics (负荷统计): the month of every meter, customer, area, category and group, once a night."""

from __future__ import annotations

from datetime import date

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from services import load_months


@task(cache_policy=NO_CACHE, retries=1)
def summarise_month(month: date | None) -> load_months.KeptMonth:
    """Sum up a month of everything in the archive and keep it."""
    return load_months.keep_load_months(month)


@flow(name="load_statistics")
def load_statistics(month: date | None = None) -> int:
    """Sum up the month that a day lies in, up to now; without one the month of yesterday."""
    kept = summarise_month(month)
    create_table_artifact(
        key="load-statistics",
        table=list(kept.highest),
        description="The month's highest loads, with load factor, coincidence and coverage",
    )
    return kept.subjects
