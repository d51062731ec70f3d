"""Large customers (大客户): average prices judged and sheets written, once the bills are made."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from services import large_customers as service


@task(cache_policy=NO_CACHE, retries=1)
def judge_prices(month: date | None) -> service.Judged:
    """Hold every bill against the tariff, like customers and own months; keep what stands out."""
    return service.judge_prices(month)


@task(cache_policy=NO_CACHE, retries=1)
def write_sheets(month: date | None, folder: str, *, pdf: bool) -> int:
    """Write the sheet of every large customer; return how many."""
    return service.write_sheets(month, Path(folder), pdf=pdf)


@flow(name="large_customers")
def large_customers(month: date | None = None, sheet_folder: str | None = None, *, pdf: bool = True) -> int:
    """Judge the bills up to the month of a day, or up to the last one that is over.

    With ``sheet_folder`` the sheet of each large customer is written into a folder of its own there.
    """
    first = None if month is None else month.replace(day=1)
    judged = judge_prices(first)
    if sheet_folder is not None:
        write_sheets(first, sheet_folder, pdf=pdf)
    create_table_artifact(
        key="average-prices",
        table=service.episode_rows(judged),
        description=f"Average prices out of the ordinary among {judged.bills} bills",
    )
    create_table_artifact(
        key="large-customers",
        table=service.month_rows(first),
        description="Large customers by energy"
        + ("" if sheet_folder is None else f"; sheets in {sheet_folder}"),
    )
    return len(judged.episodes)
