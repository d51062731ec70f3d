"""The demo as a new user starts it: everything comes up, is filled through the wire, and stops cleanly."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from playwright.sync_api import Page, expect

PROGRAM = [sys.executable, "-c", "from cli.main import main; main()", "demo"]
READY_S = 900
STOP_S = 120
pytestmark = pytest.mark.timeout(READY_S + STOP_S)


class Demo:
    """A running demo and what it says."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.process = subprocess.Popen(  # noqa: S603  # our own program
            [*PROGRAM, "--folder", str(folder), "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing behind, also when the test has failed midway."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        if self.process.stdout is not None and not self.process.stdout.closed:
            self.end()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self.said += (line for line in self.process.stderr)

    def wait_for(self, pattern: str, timeout_s: float) -> str:
        """Wait until it says something that fits ``pattern``."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            for line in list(self.said):
                if found := re.search(pattern, line):
                    return found.group(1)
            assert self.process.poll() is None, "".join(self.said[-40:])
            time.sleep(0.2)
        raise AssertionError(f"never said {pattern!r}: {''.join(self.said[-40:])}")

    def end(self) -> str:
        """Wait for its end and return what it printed."""
        assert self.process.stdout is not None
        printed = self.process.stdout.read()
        self.process.wait(STOP_S)
        self._listener.join(10)
        self.process.stdout.close()
        if self.process.stderr is not None:
            self.process.stderr.close()
        return printed

    def survivors(self) -> list[str]:
        """Return the command lines of processes that still carry the demo's folder."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                environment = (entry / "environ").read_bytes() if entry.name.isdigit() else b""
                command = (entry / "cmdline").read_bytes() if environment else b""
            except OSError:
                continue
            if entry.name != str(os.getpid()) and os.fsencode(self.folder) in environment + command:
                found.append(command.replace(b"\0", b" ").decode(errors="replace"))
        return found


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not in pytest's own folder: the embedded server's socket needs a short path that others may enter.
    with tempfile.TemporaryDirectory(prefix="kw-", dir="/var/tmp", ignore_cleanup_errors=True) as parent:
        Path(parent).chmod(0o755)
        yield Path(parent) / "demo"


def test_the_demo_finds_every_planted_fault_and_cries_wolf_over_nothing(folder: Path, page: Page) -> None:
    with Demo(folder, "--seconds", "45", "--json") as demo:
        address = demo.wait_for(r"ready: (http://\S+)", READY_S)
        password = demo.wait_for(r"ready: .*log in as admin with password (\S+);", 5)
        page.goto(f"{address}/?lang=en")
        page.get_by_label("Account").fill("admin")
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("h1").first).to_be_visible()
        page.goto(f"{address}/episodes?lang=zh")
        expect(page.get_by_role("table").get_by_text("暂停").first).to_be_visible()
        result = json.loads(demo.end().splitlines()[-1])
        assert demo.process.returncode == 0, "".join(demo.said[-40:])
        assert result["episodes"] == {"found": result["episodes"]["found"], "missed": [], "false": []}
        assert result["episodes"]["found"] >= 6
        assert result["coverage"] >= 0.99
        assert all(result["readings"][protocol] > 100 for protocol in ("dlt645", "modbus", "mqtt"))
        assert result["line_faults"] >= 0.05
        # 37 DL/T 645 meters and 12 behind gateways, 30 days of 96 quarters in two tables.
        assert result["backfilled"] >= 2 * 49 * 30 * 96 * 0.995
        assert demo.survivors() == []


def test_ctrl_c_ends_a_demo_that_is_still_coming_up(folder: Path) -> None:
    with Demo(folder) as demo:
        demo.wait_for(r"dashboard: (http://\S+)", READY_S)
        demo.process.send_signal(signal.SIGINT)
        demo.end()
        assert "Traceback" not in "".join(demo.said)
        assert demo.survivors() == []
