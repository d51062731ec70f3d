"""The servers that a benchmark runs against: a database of its own, psql, and a broker."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from psycopg.conninfo import conninfo_to_dict

from collectors.broker import Broker
from pipeline.errors import MissingPartError
from services.embedded import free_port
from services.settings import load_settings
from storage.scratch import scratch_database

START_S: Final = 10.0
_PROJECT: Final = Path(__file__).parents[2]
_TIME: Final = re.compile(r"^Time: ([0-9.]+) ms", re.MULTILINE)
_PATH: Final = "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin:/bin"
_ENVIRONMENT: Final = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
}


@contextmanager
def bench_database() -> Iterator[str]:
    """Give a migrated database on the server of the settings, or on the one for tests; dropped afterwards.

    Raises:
        MissingPartError: If no server is named and none can be started.
        StorageError: If it may not be made.
    """
    with scratch_database(_server_url(), "bench") as url:
        yield url


def psql_copy_s(url: str, table: str, columns: Sequence[str], files: Sequence[Path]) -> float:
    r"""Return the seconds that psql takes for one ``\copy ... (format binary)`` a file, without its start.

    Raises:
        MissingPartError: If there is no psql, or it fails.
    """
    names = ", ".join(columns)
    script = "\\timing on\n" + "".join(
        f"\\copy {table} ({names}) from '{file}' with (format binary)\n" for file in files
    )
    done = subprocess.run(  # noqa: S603 - our own arguments
        [_program("psql", "postgresql-client"), "-X", "-v", "ON_ERROR_STOP=1", "-f", "-"],
        input=script,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **_connection(url)},
    )
    times_ms = [float(ms) for ms in _TIME.findall(done.stdout)]
    if done.returncode or len(times_ms) != len(files):
        raise MissingPartError(f"psql cannot copy: {done.stderr.strip()[-300:]}")
    return sum(times_ms) / 1e3


@contextmanager
def bench_broker() -> Iterator[Broker]:
    """Run a Mosquitto on the loopback that lets a whole batch be under way.

    Raises:
        MissingPartError: If Mosquitto is not installed or does not start.
    """
    program = _program("mosquitto", "mosquitto")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="kilowatch-bench-") as folder:
        config = Path(folder) / "mosquitto.conf"
        config.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\n"
            "max_inflight_messages 1000\nmax_queued_messages 100000\n",
            encoding="utf-8",
        )
        with subprocess.Popen(  # noqa: S603 - our own arguments
            [program, "-c", config],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                _wait_for(port)
                yield Broker(host="127.0.0.1", port=port)
            finally:
                process.terminate()


def _server_url() -> str:
    named = load_settings().database_url
    if named is not None:
        return named.get_secret_value()
    script = _PROJECT / "scripts" / "timescaledb"
    hint = "name a server with TimescaleDB in KILOWATCH_DATABASE_URL; a database of its own is made there"
    if not script.is_file():
        raise MissingPartError(f"there is no {script.name} beside this installation; {hint}")
    started = subprocess.run([script, "start"], capture_output=True, text=True, check=False)  # noqa: S603 - our own script
    if started.returncode:
        raise MissingPartError(f"no server can be started: {started.stderr.strip()[-300:]}; {hint}")
    return started.stdout.strip()


def _connection(url: str) -> Mapping[str, str]:
    """Return the environment for psql: a password on its command line could be read by everybody."""
    parts = conninfo_to_dict(url)
    return {variable: str(parts[key]) for key, variable in _ENVIRONMENT.items() if parts.get(key)}


def _program(name: str, package: str) -> str:
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise MissingPartError(f"{name} is not installed: apt-get install {package}")
    return found


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError as error:
            if time.monotonic() > deadline:
                raise MissingPartError(f"Mosquitto did not start on port {port}") from error
            time.sleep(0.05)
        else:
            return
