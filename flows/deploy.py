"""Tells Prefect's server our flows, their schedules and limits; the same again changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.metadata import version
from inspect import getdoc

from prefect import serve
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.client.schemas.responses import DeploymentResponse
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.schedules import Cron, Schedule
from prefect.types.entrypoint import EntrypointType

from flows.automations import make_automations
from flows.limits import make_limits
from flows.prefect_server import prefect_server
from flows.schedule import FLOWS, WAIT, Scheduled
from services.bus_groups import limit_names
from services.flow_server import QUIET
from services.flow_settings import FlowSettings, load_flow_settings
from services.flow_status import TAG

DEPLOYMENT = "field"
"""The name of every scheduled deployment: a flow's full name is ``remote_reading/field``."""
ON_DEMAND = "on-demand"
"""The name of the deployment beside it for what people ask for, which waits for no schedule."""
PROCESS = "process"
"""The type of a work pool whose workers run flows as processes of their own host."""
MOST_DEPLOYMENTS = 200


def deployments(settings: FlowSettings, *, work_pool: str | None = None) -> list[RunnerDeployment]:
    """Return every flow by its schedule, and some also for whoever asks; all found by module path."""
    entries = list(FLOWS.all().values())
    by_schedule = [
        _deployment(
            entry,
            DEPLOYMENT,
            work_pool,
            ConcurrencyLimitConfig(limit=1, collision_strategy=entry.collision),
            Cron(entry.cron, timezone=settings.flow_zone),
        )
        for entry in entries
    ]
    asked_for = [
        _deployment(
            entry,
            ON_DEMAND,
            work_pool,
            ConcurrencyLimitConfig(limit=entry.at_once, collision_strategy=WAIT),
        )
        for entry in entries
        if entry.at_once is not None
    ]
    return by_schedule + asked_for


def deploy_to(work_pool: str | None = None) -> list[str]:
    """Tell the server every flow, for the workers of a work pool, and return a line for each change.

    Raises:
        FlowServerError: If no server answers, or it refuses us.
    """
    settings = load_flow_settings()
    pool = work_pool or settings.flow_work_pool
    wanted = deployments(settings, work_pool=pool)
    with prefect_server() as client:
        changes = _make_pool(client, pool) + prepare(client, settings)
        changes += [line for each in wanted for line in _apply(client, each)] + _remove(client, wanted)
        return changes + make_automations(client, settings)


def serve_here(limit: int = 2) -> None:
    """Run every flow in this process' children until it is stopped.

    Prefect pauses what was served when whoever served it ends, so that nothing piles up. Nobody can tell that
    from a pause that somebody asked for, so all of it runs again.

    Raises:
        FlowServerError: If no server answers, or it refuses us.
    """
    settings = load_flow_settings()
    wanted = deployments(settings)
    with prefect_server() as client:
        prepare(client, settings)
        for each in wanted:
            if each.full_name == settings.critical_run:
                each.apply()  # its automation names it by its id
        _remove(client, wanted)
        make_automations(client, settings)
    serve(*wanted, limit=limit)


def prepare(client: SyncPrefectClient, settings: FlowSettings) -> list[str]:
    """Make what the flows need at the server beside themselves, and return a line for each change."""
    return make_limits(client, limit_names(settings.bus_groups), settings.bus_group_limit)


def _deployment(
    entry: Scheduled,
    name: str,
    work_pool: str | None,
    limit: ConcurrencyLimitConfig,
    schedule: Schedule | None = None,
) -> RunnerDeployment:
    return RunnerDeployment.from_flow(
        entry.flow,
        name,
        schedule=schedule,
        concurrency_limit=limit,
        entrypoint_type=EntrypointType.MODULE_PATH,
        work_pool_name=work_pool,
        # A flow that a worker starts tells Prefect's makers nothing, whatever the worker's own surroundings.
        job_variables={"env": dict(QUIET)} if work_pool else None,
        description=f"{getdoc(entry.flow.fn)}\n\n{entry.zh}",
        tags=[TAG],
        version=_version(),
    )


@cache
def _version() -> str:
    return version("kilowatch")


def _make_pool(client: SyncPrefectClient, name: str) -> list[str]:
    try:
        client.read_work_pool(name)
    except ObjectNotFound:
        client.create_work_pool(WorkPoolCreate(name=name, type=PROCESS))
        return [f"work pool {name!r}: created; its workers: prefect worker start --pool {name}"]
    return []


def _apply(client: SyncPrefectClient, wanted: RunnerDeployment) -> list[str]:
    try:
        stored = client.read_deployment_by_name(wanted.full_name)
    except ObjectNotFound:
        wanted.apply()
        return [f"{wanted.full_name}: created"]
    different = _differences(stored, wanted)
    if not different:
        return []
    # What somebody has paused at the server stays so.
    wanted.paused = stored.paused
    wanted.apply()
    return [f"{wanted.full_name}: changed ({', '.join(different)})"]


def _differences(stored: DeploymentResponse, wanted: RunnerDeployment) -> Sequence[str]:
    limit = stored.global_concurrency_limit
    options = stored.concurrency_options
    pairs = {
        "schedule": (_crons(stored.schedules), _crons(wanted.schedules or ())),
        "limit": (limit and limit.limit, wanted.concurrency_limit),
        "collision": (
            options and options.collision_strategy,
            wanted.concurrency_options and wanted.concurrency_options.collision_strategy,
        ),
        "entrypoint": (stored.entrypoint, wanted.entrypoint),
        "work pool": (stored.work_pool_name, wanted.work_pool_name),
        "job variables": (stored.job_variables, wanted.job_variables),
        "description": (stored.description, wanted.description),
        "tags": (stored.tags, wanted.tags),
        "version": (stored.version, wanted.version),
        "parameters": (
            stored.parameter_openapi_schema,
            wanted._parameter_openapi_schema.model_dump(exclude_unset=True),  # noqa: SLF001 - shown nowhere else
        ),
    }
    return [name for name, (there, ours) in pairs.items() if there != ours]


def _crons(schedules: Iterable[object]) -> list[tuple[str | None, str | None]]:
    inner = [getattr(each, "schedule", None) for each in schedules]
    return [(getattr(each, "cron", None), getattr(each, "timezone", None)) for each in inner]


def _remove(client: SyncPrefectClient, wanted: Sequence[RunnerDeployment]) -> list[str]:
    """Remove deployments of ours whose flow is gone."""
    names = {each.full_name for each in wanted}
    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
    removed = []
    for stored in client.read_deployments(deployment_filter=ours, limit=MOST_DEPLOYMENTS):
        full_name = f"{client.read_flow(stored.flow_id).name}/{stored.name}"
        if full_name not in names and stored.name in {DEPLOYMENT, ON_DEMAND}:
            client.delete_deployment(stored.id)
            removed.append(f"{full_name}: removed, its flow is gone")
    return removed
