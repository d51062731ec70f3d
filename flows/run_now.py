"""Starts a deployed flow at once, outside its schedule, and waits for its end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import State
from prefect.exceptions import ObjectNotFound

from flows.deploy import DEPLOYMENT
from flows.prefect_server import prefect_server
from flows.schedule import FLOWS
from pipeline.errors import ConfigError

DEPLOYED_WITHIN_S = 180.0
"""A busy machine takes more than a second for each flow."""
LOOK_S = 1.0
AGAIN_S = 10.0


def run_now(
    flow: str, parameters: Mapping[str, Any]
) -> State[Any]:  # Any: a flow's own parameters and result
    """Start a run of a flow, after the one that is under way, and return the state in which it ended.

    Raises:
        ConfigError: If the flow is not deployed, or there is no such flow.
        FlowServerError: If no server answers, or it refuses us.
    """
    if flow not in FLOWS.all():
        raise ConfigError(f"no flow is called {flow}; there are: {', '.join(FLOWS.all())}")
    name = f"{flow}/{DEPLOYMENT}"
    with prefect_server() as client:
        _wait_until_deployed(client, name)
        deployment = client.read_deployment_by_name(name)
        while True:
            run = client.create_flow_run_from_deployment(deployment.id, parameters=dict(parameters))
            while run.state is None or not run.state.is_final():
                time.sleep(LOOK_S)
                run = client.read_flow_run(run.id)
            if run.start_time is not None or not run.state.is_cancelled():
                return run.state
            # Another run of the flow is under way, beside which a scheduled one would be left out.
            time.sleep(AGAIN_S)


def _wait_until_deployed(client: SyncPrefectClient, name: str) -> None:
    """Give ``flows serve``, which may just have been started, time to register."""
    until = time.monotonic() + DEPLOYED_WITHIN_S
    while True:
        try:
            client.read_deployment_by_name(name)
        except ObjectNotFound:
            if time.monotonic() > until:
                raise ConfigError(
                    f"flow {name} is not deployed: run `kilowatch flows serve` or `flows deploy`"
                ) from None
            time.sleep(LOOK_S)
        else:
            return
