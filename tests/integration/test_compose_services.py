"""compose.yaml is valid, and its services of ours come up by their own commands and become healthy.

No container engine is needed: each command runs as a process with the environment of the file and of the
Containerfile, its folders and ports put elsewhere, and its health is told by the file's own check.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.fix_mosquitto import Broker

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "compose.yaml"
CHECKED = ("prefect", "collect", "dashboard")
SAYS = {"flows": "polling for scheduled runs", "alarms": "alarms.watching"}
"""What those write that have no check of their own."""
HEALTHY_S = 250.0
STOP_S = 45.0
"""``stop_grace_period`` of the file."""
SERVICES: Mapping[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]  # Any: what YAML holds


@pytest.fixture(scope="module")
def checker() -> str:
    """The Python of an environment with PyPI check-jsonschema, which bears the compose specification."""
    made = subprocess.run(  # noqa: S603 - our own script
        [ROOT / "scripts" / "peer", "check-jsonschema"], capture_output=True, text=True, check=True
    )
    return made.stdout.strip().splitlines()[-1]


def is_valid(checker: str, file: Path) -> bool:
    command = [checker, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - our own arguments


def test_the_file_keeps_to_the_compose_specification(checker: str, tmp_path: Path) -> None:
    assert is_valid(checker, COMPOSE)
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(COMPOSE.read_text().replace("stop_grace_period", "stop_period"))
    assert not is_valid(checker, wrong)


class Host:
    """A folder that stands for the containers' files, and free ports that stand for theirs."""

    def __init__(self, folder: Path, database_url: str, broker: Broker) -> None:
        self.folder = folder
        self._secrets = folder / "secrets"
        subprocess.run(  # noqa: S603 - our own script
            [ROOT / "scripts" / "compose-secrets", self._secrets], check=True, capture_output=True
        )
        (self._secrets / "database-url").write_text(f"{database_url}\n")
        # Nobody but the container sees /run/secrets; here the files lie open, so they are closed themselves.
        for secret in self._secrets.iterdir():
            secret.chmod(0o600)
        self._ports = {inside: str(_free_port()) for inside in ("4200", "8645", "8646")}
        self._broker = broker

    def home(self, service: str) -> Path:
        """The folder of a service's own volume, which is also its home."""
        home = self.folder / service / "kilowatch"
        home.mkdir(parents=True, exist_ok=True)
        return home

    def here(self, service: str, text: str) -> str:
        """Return a value of the file as it is on this machine."""
        text = text.replace("/run/secrets", str(self._secrets)).replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - the file's
        text = text.replace("/var/lib/kilowatch", str(self.home(service))).replace(
            "//prefect:", "//127.0.0.1:"
        )
        return re.sub(r"\b(4200|8645|8646)\b", lambda found: self._ports[found[0]], text)

    def environment(self, service: str) -> dict[str, str]:
        """Return what the service finds around it: of the Containerfile, of the file, and our ports."""
        given = {**self._of_files(service), **SERVICES[service]["environment"]}
        told = {name: self.here(service, value) for name, value in given.items()}
        if "KILOWATCH_MQTT_HOST" in told:
            assert told["KILOWATCH_MQTT_HOST"] in SERVICES
            told |= {"KILOWATCH_MQTT_HOST": self._broker.host, "KILOWATCH_MQTT_PORT": str(self._broker.port)}
        home = self.home(service)
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(home),
            "XDG_STATE_HOME": str(home.parent),
            "PYTHONUNBUFFERED": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "KILOWATCH_DASHBOARD_PORT": self._ports["8645"],
            **told,
        }

    def _of_files(self, service: str) -> dict[str, str]:
        """Return the variables of the files that ``env_file`` names, as the secrets' script made them."""
        lines = [
            line
            for file in SERVICES[service].get("env_file", ())
            for line in (self._secrets / Path(file).name).read_text().splitlines()
            if line.strip() and not line.startswith("#")
        ]
        return {name: value for name, _, value in (line.partition("=") for line in lines)}

    def command(self, service: str) -> list[str]:
        """Return the entrypoint and command of a service."""
        entrypoint: Sequence[str] = SERVICES[service].get("entrypoint", ["kilowatch"])
        return [self.here(service, word) for word in (*entrypoint, *SERVICES[service].get("command", ()))]

    def is_healthy(self, service: str) -> bool:
        """Run the service's own check."""
        kind, *command = SERVICES[service]["healthcheck"]["test"]
        assert kind == "CMD"
        done = subprocess.run(  # noqa: S603 - the file's own
            [self.here(service, word) for word in command],
            env=self.environment(service),
            capture_output=True,
            check=False,
        )
        return done.returncode == 0

    @contextmanager
    def running(self, service: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a service until the block ends; it must end by SIGTERM within its time."""
        log = self.folder / f"{service}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - the file's own
                self.command(service),
                env=self.environment(service),
                cwd=self.home(service),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            yield process
            assert process.poll() is None, log.read_text()
            process.terminate()
            process.wait(STOP_S)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def await_health(self, service: str, process: subprocess.Popen[bytes]) -> None:
        """Wait until the service's own check succeeds."""
        until = time.monotonic() + HEALTHY_S
        while not self.is_healthy(service):
            log = (self.folder / f"{service}.log").read_text()
            assert process.poll() is None, log
            assert time.monotonic() < until, log
            time.sleep(0.2)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def test_whoever_sends_alarms_knows_the_mail_server_the_broker_and_prefect() -> None:
    alarms, flows = (SERVICES[name] for name in ("alarms", "flows"))
    assert set(alarms["env_file"]) == set(flows["env_file"]) >= {"./secrets/alarms.env"}
    assert set(alarms["secrets"]) == set(flows["secrets"]) >= {"mqtt-password"}
    assert alarms["environment"] == flows["environment"]
    assert alarms["environment"]["KILOWATCH_MQTT_HOST"] == "mosquitto"


@pytest.mark.timeout(900)
def test_every_lasting_service_of_ours_comes_up_and_becomes_healthy(
    empty_timescale_url: str, mosquitto: Broker, tmp_path: Path
) -> None:
    host = Host(tmp_path, empty_timescale_url, mosquitto)
    migrated = subprocess.run(  # noqa: S603 - the file's own
        host.command("migrate"),
        env=host.environment("migrate"),
        cwd=host.home("migrate"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert migrated.returncode == 0, migrated.stderr
    with ExitStack() as stack:
        running = {name: stack.enter_context(host.running(name)) for name in CHECKED}
        for name, process in running.items():
            host.await_health(name, process)
        # As docs/operating.md has it: docker compose exec dashboard cat first-password
        assert (host.home("dashboard") / "first-password").read_text().strip()
        # Whoever does not bring the login of secrets/prefect-login.env is sent away.
        server = host.environment("flows")["PREFECT_API_URL"]
        assert httpx.get(f"{server}/admin/version", timeout=30).status_code == HTTPStatus.UNAUTHORIZED
        for name, said in SAYS.items():
            stack.enter_context(host.running(name))
            until = time.monotonic() + HEALTHY_S
            while said not in (told := (tmp_path / f"{name}.log").read_text()):
                assert time.monotonic() < until, told
                time.sleep(0.2)
