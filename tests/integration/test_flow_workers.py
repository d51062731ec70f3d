"""Two workers on one pool share the runs of what one `flows deploy` has made."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient

from flows.deploy import ON_DEMAND, deploy_to
from services.flow_server import QUIET
from storage.database import connect
from tests.integration.test_flows import ServedLab

GIVE_UP_S = 240.0
STOP_S = 10.0
RUNS = 4


@contextmanager
def worker(pool: str, name: str, folder: Path) -> Iterator[Path]:
    """A worker that takes one run at a time; gives the file of what it says."""
    log = folder / f"{name}.log"
    command = [
        *(sys.executable, "-m", "prefect", "worker", "start", "--pool", pool, "--type", "process"),
        *("--name", name, "--limit", "1"),
    ]
    environment = {**os.environ, **QUIET, "PREFECT_WORKER_QUERY_SECONDS": "1", "TMPDIR": str(folder)}
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own arguments
            command, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield log
        finally:
            # A worker may live on after a first SIGTERM.
            for number in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(process.pid, number)
                    process.wait(STOP_S)
                except ProcessLookupError:
                    break
                except subprocess.TimeoutExpired:
                    continue
            process.wait()


def ask(client: SyncPrefectClient, meter: str) -> UUID:
    """Have one meter read by whichever worker comes first."""
    deployment = client.read_deployment_by_name(f"remote_reading/{ON_DEMAND}")
    return client.create_flow_run_from_deployment(deployment.id, parameters={"meters": [meter]}).id


@pytest.mark.timeout(500)
@pytest.mark.usefixtures("prefect_server")
def test_two_workers_share_the_work_of_one_deploy(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", database_url)
    monkeypatch.setenv("KILOWATCH_LOCK_DIR", str(tmp_path / "locks"))
    pool = f"shared-{uuid4().hex[:8]}"
    deploy_to(pool)
    with ServedLab(database_url), ExitStack() as stack:
        with connect(database_url) as connection:
            meters = [row[0] for row in connection.execute("SELECT id FROM meter ORDER BY id").fetchall()]
        client = stack.enter_context(get_client(sync_client=True))
        runs = [ask(client, meter) for meter in meters[:RUNS]]
        logs = [stack.enter_context(worker(pool, name, tmp_path)) for name in ("one", "two")]
        until = time.monotonic() + GIVE_UP_S
        states = [client.read_flow_run(run).state for run in runs]
        while not all(state and state.is_final() for state in states) and time.monotonic() < until:
            time.sleep(1.0)
            states = [client.read_flow_run(run).state for run in runs]
        said = [log.read_text("utf-8", errors="replace") for log in logs]
    assert [state and state.name for state in states] == ["Completed"] * RUNS, "\n".join(said)
    done = [{run for run in runs if str(run) in words} for words in said]
    assert all(done), "\n".join(said)
    assert set.union(*done) == set(runs)
