"""Large customers (大客户): average prices judged and sheets written, once the bills are made."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from prefect import flow

from flows.critical import tell_critical_episodes
from flows.parameters import Folder, MonthOf, Pdf
from flows.results import show
from flows.schedule import Scheduled, scheduled
from flows.steps import step
from services import large_customers as service


@step
def judge_prices(month: date | None) -> service.Judged:
    """Hold every bill against the tariff, like customers and own months; keep what stands out."""
    return service.judge_prices(month)


@step
def write_sheets(month: date | None, folder: str, *, pdf: bool) -> int:
    """Write the sheet of every large customer; return how many."""
    return service.write_sheets(month, Path(folder), pdf=pdf)


@flow(name="large_customers")
def large_customers(month: MonthOf = None, sheet_folder: Folder = None, *, pdf: Pdf = True) -> int:
    """Judge the bills up to the month of a day, or up to the last one that is over.

    With ``sheet_folder`` the sheet of each large customer is written into a folder of its own there.
    """
    first = None if month is None else month.replace(day=1)
    judged = judge_prices(first)
    tell_critical_episodes()
    if sheet_folder is not None:
        write_sheets(first, sheet_folder, pdf=pdf)
    show(
        key="average-prices",
        rows=service.episode_rows(judged),
        description=f"Average prices out of the ordinary among {judged.bills} bills",
        page="/customers",
    )
    show(
        key="large-customers",
        rows=service.month_rows(first),
        description="Large customers by energy"
        + ("" if sheet_folder is None else f"; sheets in {sheet_folder}"),
        page="/customers",
    )
    return len(judged.episodes)


scheduled(
    Scheduled(
        flow=large_customers,
        cron="52 7 2,6 * *",
        zh="大客户：均价核查与大客户用电分析单。",
    )
)
