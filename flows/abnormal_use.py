"""Abnormal use (用电异常): runs every detector over the last days and keeps the episodes."""

from __future__ import annotations

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from pipeline.model import Episode
from services import derive, detect


@task(cache_policy=NO_CACHE, retries=1)
def derive_intervals(days: int) -> int:
    """Turn the registers of the last ``days`` days into interval energy."""
    return derive.derive_recent(days)


@task(cache_policy=NO_CACHE, retries=1)
def detect_episodes(days: int, detectors: list[str] | None) -> list[Episode]:
    """Run the detectors and store what they found."""
    return detect.detect_recent(days, detectors)


@flow(name="abnormal_use")
def abnormal_use(days: int = 40, detectors: list[str] | None = None) -> int:
    """Look at the last ``days`` days (a whole suspension and what came before) with all detectors or some."""
    derive_intervals(days)
    findings = detect_episodes(days, detectors)
    create_table_artifact(
        key="abnormal-use",
        table=detect.as_table(findings),
        description="Episodes found or amended by this run",
    )
    return len(findings)
