"""A real MQTT broker (Mosquitto) on the loopback, with limits that let a whole batch be under way."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 10.0
POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker listens."""

    host: str
    port: int


class BrokerProcess:
    """A Mosquitto that a test may stop and start again; sessions and messages outlive a stop."""

    def __init__(self, folder: Path) -> None:
        """Write the configuration; nothing runs yet."""
        self.broker = Broker("127.0.0.1", _free_port())
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "mosquitto.conf").write_text(
            f"listener {self.broker.port} 127.0.0.1\n"
            "allow_anonymous true\n"
            "max_inflight_messages 20000\n"
            "max_queued_messages 100000\n"
            "persistence true\n"
            f"persistence_location {folder}/\n"
            # Started by root it would become a user that cannot enter pytest's folder.
            f"{'user root' if os.geteuid() == 0 else ''}\n",
            encoding="utf-8",
        )

    def start(self) -> None:
        """Run it and wait until it answers."""
        with (self._folder / "mosquitto.log").open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 -- our own arguments
                [_program(), "-c", str(self._folder / "mosquitto.conf")],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not _answers(self.broker):
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = (self._folder / "mosquitto.log").read_text(encoding="utf-8", errors="replace")
                self.stop()
                pytest.fail(f"Mosquitto did not start on port {self.broker.port}:\n{log[-2000:]}")
            time.sleep(POLL_S)

    def stop(self) -> None:
        """End it; it writes its sessions to the folder."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def forget(self) -> None:
        """Lose every session and message, as after a disk fault; call it while stopped."""
        (self._folder / "mosquitto.db").unlink(missing_ok=True)


@pytest.fixture(scope="session")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Give a broker that all tests share; use your own topics and client ids."""
    process = BrokerProcess(tmp_path_factory.mktemp("mosquitto"))
    process.start()
    yield process.broker
    process.stop()


@pytest.fixture
def own_mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerProcess]:
    """Give a broker of the test's own, running, that it may stop and start."""
    process = BrokerProcess(tmp_path_factory.mktemp("mosquitto"))
    process.start()
    yield process
    process.stop()


def _program() -> str:
    program = shutil.which("mosquitto", path="/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin")
    if program is None:
        pytest.fail("Mosquitto is not installed: apt-get install mosquitto")
    return program


def _answers(broker: Broker) -> bool:
    try:
        with socket.create_connection((broker.host, broker.port), timeout=1.0):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
