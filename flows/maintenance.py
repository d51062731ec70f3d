"""Maintenance of the database: what is older than its retention is dropped."""

from __future__ import annotations

from collections.abc import Mapping

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from services import maintain


@task(cache_policy=NO_CACHE, retries=1)
def drop_old() -> Mapping[str, int]:
    """Drop old chunks or rows of every table that has a retention."""
    return maintain.drop_old()


@flow(name="maintenance")
def maintenance() -> int:
    """Drop what is older than allowed; return from how many tables."""
    return len(drop_old())
