"""Maintenance of the database: what is older than its retention is dropped, old rows are laid by meter."""

from __future__ import annotations

from collections.abc import Mapping

from prefect import flow

from flows.schedule import Scheduled, scheduled
from flows.steps import step
from services import maintain


@step
def drop_old() -> Mapping[str, int]:
    """Drop old chunks or rows of every table that has a retention."""
    return maintain.drop_old()


@step
def order_old() -> maintain.Ordered:
    """Lay the rows of old chunks meter by meter, where no compression does so."""
    return maintain.order_old()


@flow(name="maintenance")
def maintenance() -> int:
    """Drop what is older than allowed, and order old rows; return from how many tables something may go."""
    dropped = drop_old()
    order_old()
    return len(dropped)


scheduled(
    Scheduled(
        flow=maintenance,
        cron="41 3 * * *",
        zh="数据库维护：清理超过保存期限的数据，并按电表重排历史数据。",
    )
)
