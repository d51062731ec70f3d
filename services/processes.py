"""Child processes of the demo: started together, watched, and always ended, the last one first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from pipeline.errors import KilowatchError

STOP_S = 10.0
"""How long a child may take to end after it is asked to."""


class ChildDiedError(KilowatchError):
    """A part of the demo ended by itself."""


class Children:
    """The children of this process, by name; what they print goes to files in one folder."""

    def __init__(self, log_dir: Path, environment: Mapping[str, str]) -> None:
        """Start nothing yet."""
        log_dir.mkdir(parents=True, exist_ok=True)
        self._log_dir = log_dir
        self._environment = {**os.environ, **environment}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._lasting: set[str] = set()
        self._logs: list[IO[bytes]] = []

    def start(
        self, name: str, command: Sequence[str], *, keep_stdout: bool = False, awaited: bool = False
    ) -> subprocess.Popen[bytes]:
        """Start a child in a session of its own, so that Ctrl-C reaches only us and we end it in order.

        An ``awaited`` child is meant to end by itself; any other one that ends is a failure.
        """
        log = (self._log_dir / f"{name}.log").open("wb")
        self._logs.append(log)
        child = subprocess.Popen(  # noqa: S603  # our own programs, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if keep_stdout else log,
            stderr=log,
            env=self._environment,
            start_new_session=True,
        )
        self._children[name] = child
        if not awaited:
            self._lasting.add(name)
        return child

    def start_kilowatch(
        self, name: str, arguments: Sequence[str], *, keep_stdout: bool = False, awaited: bool = False
    ) -> subprocess.Popen[bytes]:
        """Start ``kilowatch`` with ``arguments`` as a child, with this very interpreter."""
        program = [sys.executable, "-c", "from cli.main import main; main()", *arguments]
        return self.start(name, program, keep_stdout=keep_stdout, awaited=awaited)

    def check(self) -> None:
        """Look whether all children live.

        Raises:
            ChildDiedError: Naming the dead one and the end of what it printed.
        """
        for name in sorted(self._lasting):
            child = self._children[name]
            if child.poll() is not None:
                raise ChildDiedError(
                    f"{name} ended with status {child.returncode}; its last words:\n{self.last_words(name)}"
                )

    def stop(self, name: str) -> None:
        """End one child before the others."""
        self._lasting.discard(name)
        _end(self._children[name])

    def log(self, name: str) -> str:
        """Return what a child has said so far."""
        return (self._log_dir / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def last_words(self, name: str, lines: int = 15) -> str:
        """Return the end of a child's log."""
        return "\n".join(self.log(name).splitlines()[-lines:])

    def __enter__(self) -> Self:
        """Return the empty set of children."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every child, the last one first."""
        for child in reversed(list(self._children.values())):
            _end(child)
        for log in self._logs:
            log.close()


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ask a child and its own children to end, then insist."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, sign)
            child.wait(STOP_S)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    if child.stdout is not None:
        child.stdout.close()
