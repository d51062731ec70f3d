"""Deploying, asking and running flows talks to this machine alone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

WATCHED = """
import sys

def watch(event, arguments):
    if event == "socket.getaddrinfo":
        assert arguments[0] in {"127.0.0.1", "localhost", None}, arguments
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        assert arguments[1][0] in {"127.0.0.1", "::1"}, arguments
        print("connected", file=sys.stderr)

sys.addaudithook(watch)
from typer.testing import CliRunner
from cli.main import app
for command in (["flows", "deploy"], ["flows", "status", "--json"]):
    ended = CliRunner().invoke(app, command)
    print(ended.output)
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
from flows.maintenance import maintenance
print("tables:", maintenance())
from prefect.settings import get_current_settings
assert not get_current_settings().server.analytics_enabled
assert not get_current_settings().cloud.enable_orchestration_telemetry
"""


@pytest.mark.timeout(400)
@pytest.mark.usefixtures("prefect_server")
def test_nothing_but_this_machine_is_spoken_to(database_url: str) -> None:
    environment = {
        # Not what the tests set: the command has to be quiet by itself.
        **{name: value for name, value in os.environ.items() if not name.startswith(("DO_NOT", "CI"))},
        "KILOWATCH_DATABASE_URL": database_url,
    }
    for name in ("PREFECT_SERVER_ANALYTICS_ENABLED", "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY"):
        environment.pop(name, None)
    ended = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-c", WATCHED], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    assert "connected" in ended.stderr
    assert "AssertionError" not in ended.stderr
    assert "tables:" in ended.stdout
