"""A step of a flow: a coarse task that is tried again when what failed passes by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from pipeline.errors import ContentRefusedError, SchemaMissingError, StorageError, TransportError

P = ParamSpec("P")
R = TypeVar("R")
RETRIES = 2
RETRY_DELAYS_S = [10.0, 60.0]
"""A database that restarts is back after the first, one that fails over after the second."""


def passes(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:  # Any: what tasks return
    """Tell whether trying again may help: with a database or line that is away, not with wrong settings."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, StorageError | TransportError) and not isinstance(
        error, ContentRefusedError | SchemaMissingError
    )


def step(function: Callable[P, R]) -> Task[P, R]:
    """Make a function a step of a flow: never answered from a cache, for the readings change beneath it."""
    return task(
        cache_policy=NO_CACHE,
        retries=RETRIES,
        retry_delay_seconds=RETRY_DELAYS_S,
        retry_condition_fn=passes,
    )(function)
