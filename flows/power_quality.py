"""Power quality (电能质量): the verdicts of a month against the standards, once a month and on demand."""

from __future__ import annotations

from datetime import date

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from services import quality
from services.quality import JudgedPoint


@task(cache_policy=NO_CACHE, retries=1)
def judge_month(month: date | None, service_points: list[str] | None) -> list[JudgedPoint]:
    """Judge a month, keep the verdicts and open episodes for violations."""
    return quality.judge_stored(month, service_points)


@flow(name="power_quality")
def power_quality(month: date | None = None, service_points: list[str] | None = None) -> int:
    """Judge a month of every service point or of some: that of a day, or the last one that is over."""
    points = judge_month(month, service_points)
    create_table_artifact(
        key="power-quality",
        table=quality.as_table(points),
        description="Verdicts on power quality, violating service points first",
    )
    return len(points)
