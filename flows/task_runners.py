"""Where a flow's tasks run: in threads of its own process, or on the workers of a Dask cluster."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeAlias

from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from pipeline.errors import MissingPartError

Runner: TypeAlias = TaskRunner[Any]  # Any: what tasks return


class Workers(StrEnum):
    """The choices."""

    HERE = "here"
    """One part after the other: a part is worked off by the threads of ``KILOWATCH_DETECT_THREADS``."""
    DASK = "dask"
    """Parts at the same time. Workers read ``KILOWATCH_DATABASE_URL`` from their own environment."""


def task_runner(workers: Workers, address: str | None = None) -> Runner:
    """Return what runs a flow's tasks.

    Args:
        workers: Where.
        address: Of a Dask scheduler (``tcp://host:8786``); without one Dask starts workers on this host for
            the length of the run.

    Raises:
        MissingPartError: If Dask is asked for and not installed.
    """
    if workers is Workers.HERE:
        return ThreadPoolTaskRunner(max_workers=1)
    try:
        from prefect_dask.task_runners import DaskTaskRunner  # noqa: PLC0415 - an extra that most do without
    except ImportError as error:
        raise MissingPartError("Dask is not installed: pip install 'kilowatch[dask]'") from error
    if address is not None:
        return DaskTaskRunner(address=address)
    # A window's arrays stay in one process. Dask's scheduler wants a port for its HTTP server: a free one of
    # the loopback, as its own 8787 would be open to others, and taken where two runs meet.
    return DaskTaskRunner(cluster_kwargs={"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"})
