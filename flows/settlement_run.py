"""Settlement (电费结算): bills after each settlement day, and again what late data changed."""

from __future__ import annotations

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from services.settle_due import row_of, settle_due


@task(cache_policy=NO_CACHE, retries=1)
def make_bills() -> list[dict[str, object]]:
    """Make the bills that are due and those that are recent; return a line for each new version."""
    return [row_of(settled) for settled in settle_due() if settled.is_new]


@flow(name="settlement_run")
def settlement_run() -> int:
    """Make the bills whose settlement day (抄表例日) has passed, and a new version of each that changed.

    The same data make no new version; a version that differs comes with its difference (退补).
    """
    rows = make_bills()
    create_table_artifact(
        key="bills",
        table=rows,
        description="New bills and versions of bills; what is refused says why",
    )
    return len(rows)
