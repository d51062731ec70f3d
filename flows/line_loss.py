"""Line loss (台区线损): the balance of every area by local day, since when it rose, and whom to look at."""

from __future__ import annotations

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from services import derive, line_loss_documents
from services.line_loss import AreaReport, loss_recent


@task(cache_policy=NO_CACHE, retries=1)
def derive_intervals(days: int) -> int:
    """Turn the registers of the last ``days`` days into interval energy."""
    return derive.derive_recent(days)


@task(cache_policy=NO_CACHE, retries=1)
def judge_areas(days: int) -> list[AreaReport]:
    """Work out the last days of every area and keep them."""
    return loss_recent(days)


@flow(name="line_loss")
def line_loss(days: int = 7) -> int:
    """Judge the last ``days`` whole days of every area: what backfill brought since is in them."""
    derive_intervals(days)
    reports = judge_areas(days)
    create_table_artifact(
        key="line-loss",
        table=line_loss_documents.as_table(reports),
        description="Line loss by area and month, those that rose first",
    )
    create_table_artifact(
        key="line-loss-suspects",
        table=line_loss_documents.suspects_table(reports),
        description="Whom to look at where the loss has risen",
    )
    return len(reports)
