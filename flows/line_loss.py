"""Line loss (台区线损): the balance of every area by local day, since when it rose, and whom to look at."""

from __future__ import annotations

from prefect import flow

from flows.parameters import Days
from flows.results import show
from flows.schedule import Scheduled, scheduled
from flows.steps import step
from services import derive, line_loss_documents
from services.line_loss import AreaReport, loss_recent


@step
def derive_intervals(days: int) -> int:
    """Turn the registers of the last ``days`` days into interval energy."""
    return derive.derive_recent(days)


@step
def judge_areas(days: int) -> list[AreaReport]:
    """Work out the last days of every area and keep them."""
    return loss_recent(days)


@flow(name="line_loss")
def line_loss(days: Days = 7) -> int:
    """Judge the last ``days`` whole days of every area: what backfill brought since is in them."""
    derive_intervals(days)
    reports = judge_areas(days)
    show(
        key="line-loss",
        rows=line_loss_documents.as_table(reports),
        description="Line loss by area and month, those that rose first",
        page="/losses",
    )
    show(
        key="line-loss-suspects",
        rows=line_loss_documents.suspects_table(reports),
        description="Whom to look at where the loss has risen",
        page="/losses",
    )
    return len(reports)


scheduled(
    Scheduled(
        flow=line_loss,
        cron="52 6 * * *",
        zh="台区线损：逐日线损、升高起点与排查对象。",
    )
)
