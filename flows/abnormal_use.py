"""Abnormal use (用电异常): runs every detector over the last days, keeps the episodes, works out cases."""

from __future__ import annotations

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from flows.alarms import look_and_tell
from flows.task_runners import Workers, task_runner
from pipeline.model import Episode
from pipeline.registry import Registry
from services import cases, derive, detect


@task(cache_policy=NO_CACHE, retries=1)
def derive_intervals(days: int) -> int:
    """Turn the registers of the last ``days`` days into interval energy."""
    return derive.derive_recent(days)


@task(cache_policy=NO_CACHE, retries=1)
def detect_part(look: detect.Look, part: Registry) -> list[Episode]:
    """Run the detectors over one part of the meters."""
    return detect.detect_part(look, part)


@task(cache_policy=NO_CACHE, retries=1)
def work_out_cases() -> int:
    """Work out which customers are worth a visit, and return how many cases there are."""
    return cases.recent_cases()


@flow(name="detect_parts", validate_parameters=False)
def detect_parts(look: detect.Look, parts: list[Registry]) -> list[Episode]:
    """Run the detectors over all parts, wherever the flow's tasks run, and keep what they found."""
    found = [detect_part.submit(look, part) for part in parts]
    return detect.keep(look, [episode for part in found for episode in part.result()])


@flow(name="abnormal_use")
def abnormal_use(
    days: int = 56,
    detectors: list[str] | None = None,
    workers: Workers = Workers.HERE,
    dask_address: str | None = None,
) -> int:
    """Look at the last ``days`` days with all detectors or some.

    Eight weeks hold a whole suspension and what came before, and the seven weeks by which changes are ranked.

    With ``workers="dask"`` the parts of the archive go to Dask: to the scheduler at ``dask_address``, or to
    workers that are started on this host for the run.
    """
    derive_intervals(days)
    look, parts = detect.planned(days, detectors)
    findings = detect_parts.with_options(task_runner=task_runner(workers, dask_address))(look, parts)
    work_out_cases()
    look_and_tell()
    create_table_artifact(
        key="abnormal-use",
        table=detect.as_table(findings),
        description="Episodes found or amended by this run",
    )
    return len(findings)
