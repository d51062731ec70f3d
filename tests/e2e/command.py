"""The real command in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

PROGRAM = [sys.executable, "-c", "from cli.main import main; main()"]
TIMEOUT_S = 60.0
STOP_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:  # Any: the command's own JSON
        """What it printed, one JSON object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def kilowatch(*arguments: str, stdin: bytes = b"", settings: Mapping[str, str] | None = None) -> Ran:
    """Run the command to its end; it must never show a traceback."""
    done = subprocess.run(  # noqa: S603 - our own program
        [*PROGRAM, *arguments],
        input=stdin,
        capture_output=True,
        env=environment(settings),
        timeout=TIMEOUT_S,
        check=False,
    )
    ran = Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in ran.err, ran.err
    return ran


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a lasting command while the block runs; it is ended by SIGTERM if the block has not done so."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [*PROGRAM, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(None),
    ) as child:
        try:
            yield child
        finally:
            if child.poll() is None:
                stop(child, signal.SIGTERM)


def stop(child: subprocess.Popen[str], sign: signal.Signals) -> None:
    """Ask a command to end and wait for it, not for long."""
    child.send_signal(sign)
    try:
        child.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        child.kill()
        raise


def environment(settings: Mapping[str, str] | None) -> dict[str, str]:
    """Return our environment without the settings of whoever runs the tests."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("KILOWATCH_")}
    return {**own, "COLUMNS": "200", "NO_COLOR": "1", **(settings or {})}
