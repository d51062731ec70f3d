"""A real Prefect server on the loopback, with its own home and database; nothing leaves the machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

START_TIMEOUT_S = 240.0
STOP_TIMEOUT_S = 20.0
POLL_S = 0.2
LOGIN = "kilowatch:of-the-tests"
"""The server asks everybody for it, as that of an installation does."""

QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # A flow outside the fixture fails at once instead of starting a server of its own.
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
}

_home_key = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Set Prefect's environment before any test module imports it; the user's own home stays untouched."""
    home = Path(tempfile.mkdtemp(prefix="kilowatch-prefect-"))
    config.stash[_home_key] = home
    os.environ.update(QUIET, PREFECT_HOME=str(home))
    os.environ.pop("PREFECT_API_URL", None)


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[_home_key], ignore_errors=True)


@pytest.fixture(scope="module")
def prefect_server(_prefect_server: str) -> Iterator[str]:
    """The API's address of a server that Prefect is pointed at."""
    yield _prefect_server
    _end_event_threads()


@pytest.fixture(scope="session")
def _prefect_server(pytestconfig: pytest.Config) -> Iterator[str]:
    """Start a server once for all tests and point Prefect at it."""
    home = pytestconfig.stash[_home_key]
    port = _free_port()
    url = f"http://127.0.0.1:{port}/api"
    log = home / "server.log"
    with (
        _server(home, port, log) as process,
        _environment({"PREFECT_API_URL": url, "PREFECT_API_AUTH_STRING": LOGIN}),
    ):
        _await_health(url, process, log)
        _reload_settings()
        yield url
        _send_remaining_logs()
    _reload_settings()


@contextmanager
def _server(home: Path, port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``prefect server start`` until the block ends; its output goes to ``log``."""
    environment = {
        **os.environ,
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'server.db'}",
        "PREFECT_SERVER_API_AUTH_STRING": LOGIN,
        "PYTHONWARNINGS": "default",
    }
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 -- our own arguments
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield process
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _await_health(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers.

    Raises:
        RuntimeError: If it ends or stays silent; the message shows the end of its log.
    """
    give_up = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < give_up and process.poll() is None:
        try:
            if httpx.get(f"{url}/health", timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(POLL_S)
    raise RuntimeError(f"prefect server on {url} is not healthy:\n{log.read_text(errors='replace')[-4000:]}")


@contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _reload_settings() -> None:
    """Make Prefect read the environment again, in whatever thread it then runs."""
    from prefect.context import refresh_global_settings_context  # noqa: PLC0415 -- takes seconds

    refresh_global_settings_context()


def _send_remaining_logs() -> None:
    """Let Prefect's log thread finish while there is a server to send to."""
    from prefect.logging.handlers import APILogHandler  # noqa: PLC0415 -- takes seconds

    APILogHandler().flush()


def _end_event_threads() -> None:
    """Close the connections that flows in this process send their events on.

    Such a connection draws random numbers now and then, which Hypothesis takes for a faulty strategy.
    """
    from prefect.events.worker import EventsWorker  # noqa: PLC0415 -- takes seconds

    EventsWorker.drain_all(timeout=STOP_TIMEOUT_S, at_exit=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
