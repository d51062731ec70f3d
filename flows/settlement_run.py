"""Settlement (电费结算): bills after each settlement day, and again what late data changed."""

from __future__ import annotations

from prefect import flow

from flows.results import show
from flows.schedule import Scheduled, scheduled
from flows.steps import step
from services.settle_due import row_of, settle_due


@step
def make_bills() -> list[dict[str, object]]:
    """Make what is due or recent; return a line for each new version and each bill that could not be made."""
    return [row_of(settled) for settled in settle_due() if settled.is_new or settled.version is None]


@flow(name="settlement_run")
def settlement_run() -> int:
    """Make the bills whose settlement day (抄表例日) has passed, and a new version of each that changed.

    The same data make no new version; a version that differs comes with its difference (退补).
    """
    rows = make_bills()
    show(
        key="bills",
        rows=rows,
        description="New bills and versions of bills; what is refused says why",
        page="/bills",
    )
    return len(rows)


scheduled(
    Scheduled(
        flow=settlement_run,
        cron="22 7 * * *",
        zh="电费结算：抄表例日之后出账，迟到数据改变的账单重新出账。",
    )
)
