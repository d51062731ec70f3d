"""Abnormal use (用电异常): runs every detector over the last days, keeps the episodes, works out cases."""

from __future__ import annotations

from typing import Annotated

from prefect import flow

from flows.alarms import look_and_tell
from flows.critical import tell_critical_episodes
from flows.parameters import Days, told
from flows.results import show
from flows.schedule import SKIP, Scheduled, scheduled
from flows.steps import step
from flows.task_runners import Workers, task_runner
from pipeline.model import Episode
from pipeline.registry import Registry
from services import cases, derive, detect


@step
def derive_intervals(days: int) -> int:
    """Turn the registers of the last ``days`` days into interval energy."""
    return derive.derive_recent(days)


@step
def detect_part(look: detect.Look, part: Registry) -> list[Episode]:
    """Run the detectors over one part of the meters."""
    return detect.detect_part(look, part)


@step
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
    days: Days = 56,
    detectors: Annotated[
        list[str] | None,
        told("Detectors (规则)", "Only these, by name; empty: all (仅运行这些检测规则)"),
    ] = None,
    workers: Annotated[
        Workers,
        told("Workers (执行方式)", "Here, or on a Dask cluster (本机或 Dask 集群)"),
    ] = Workers.HERE,
    dask_address: Annotated[
        str | None,
        told(
            "Dask address (调度器地址)",
            "tcp://host:8786 of a Dask scheduler; empty: workers are started for the run",
        ),
    ] = None,
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
    tell_critical_episodes()
    look_and_tell()
    show(
        key="abnormal-use",
        rows=detect.as_table(findings),
        description="Episodes found or amended by this run",
        page="/episodes",
    )
    return len(findings)


scheduled(
    Scheduled(
        flow=abnormal_use,
        cron="27 * * * *",
        zh="用电异常：运行全部检测规则，保存异常事件并更新稽查工单。",
        collision=SKIP,
    )
)
