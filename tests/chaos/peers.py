"""The processes of the site: started, killed, stopped, frozen, and started again on the same files."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

START_S = 180.0
"""The first database of all has to be fetched."""
STOP_S = 30.0
POLL_S = 0.05


class PeerFailedError(Exception):
    """A part of the site did not do what the run needs it to do."""


class Peer:
    """One process and those that it started; what it prints goes to a file that outlives each start."""

    def __init__(  # noqa: PLR0913 - each names one thing of a process
        self,
        name: str,
        kind: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        *,
        ends_by: signal.Signals = signal.SIGTERM,
    ) -> None:
        """Start nothing yet; ``ends_by`` is how its service manager asks it to end."""
        self.name = name
        self.peer = kind
        self.log = log
        self._command = command
        self._environment = {**_plain_environment(), **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self._ends_by = ends_by
        self._is_down_by_us = True

    def start(self) -> None:
        """Run it."""
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own programs
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._is_down_by_us = False

    async def ready(self, is_ready: Callable[[], bool]) -> None:
        """Wait until something holds that shows it at work.

        Raises:
            PeerFailedError: If that takes too long, or the process ended; with its last words.
        """
        loop = asyncio.get_running_loop()
        limit = loop.time() + START_S
        while not await asyncio.to_thread(is_ready):
            if loop.time() > limit or self.has_died:
                raise PeerFailedError(f"{self.name} is not ready; its last words:\n{self.last_words()}")
            await asyncio.sleep(POLL_S)

    @property
    def has_died(self) -> bool:
        """Tell whether it ended though nobody here ended it."""
        return not self._is_down_by_us and self._process is not None and self._process.poll() is not None

    async def kill(self) -> None:
        """End it and what it started by -9, all in one instant."""
        process = self._running()
        self._is_down_by_us = True
        # Stopped first, so that nothing is started or tidied between one kill and the next.
        process.send_signal(signal.SIGSTOP)
        family = [process.pid, *_descendants(process.pid)]
        for pid in family:
            _send(pid, signal.SIGKILL)
        await asyncio.to_thread(process.wait)

    async def stop(self) -> None:
        """Ask it to end.

        Raises:
            PeerFailedError: If it does not within ``STOP_S``, or ends with an error.
        """
        process = self._running()
        self._is_down_by_us = True
        process.send_signal(self._ends_by)
        try:
            status = await asyncio.to_thread(process.wait, STOP_S)
        except subprocess.TimeoutExpired:
            await self.kill()
            raise PeerFailedError(
                f"{self.name} did not end within {STOP_S:g} s; its last words:\n{self.last_words()}"
            ) from None
        if status not in (0, -self._ends_by):
            raise PeerFailedError(f"{self.name} ended with {status}; its last words:\n{self.last_words()}")

    def freeze(self) -> None:
        """Let it and what it started stand still."""
        for pid in (self._running().pid, *_descendants(self._running().pid)):
            _send(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        for pid in (*_descendants(self._running().pid), self._running().pid):
            _send(pid, signal.SIGCONT)

    async def close(self) -> None:
        """End it however it is, at the end of a run."""
        if self._process is not None and self._process.poll() is None:
            await self.kill()

    def last_words(self, lines: int = 15) -> str:
        """Return the end of its log."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise PeerFailedError(f"{self.name} was never started")
        return self._process


def _plain_environment() -> dict[str, str]:
    """Return our environment without the settings of whoever starts the run, but for where databases are."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("KILOWATCH_") or name == "KILOWATCH_CACHE"
    }


def _send(pid: int, sign: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it may have ended by itself meanwhile
        os.kill(pid, sign)


def _descendants(pid: int) -> list[int]:
    """Return the processes that ``pid`` started, and theirs."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue  # it ended meanwhile
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found
