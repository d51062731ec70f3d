"""The command within this process: quicker than a process each, the same arguments, output and status."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest

from cli.main import main


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


Invoke: TypeAlias = Callable[..., Ran]


def invoker(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Invoke:
    """Return what runs ``kilowatch`` with arguments, without the settings of whoever runs the tests."""
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("DATABASE_URL", "MQTT_HOST", "PROFILE_DIR", "ALLOW_CLOCK", "ALLOW_WRITES"):
        monkeypatch.delenv(f"KILOWATCH_{name}", raising=False)

    def invoke(*arguments: str, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "argv", ["kilowatch", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        return Ran(int(ended.value.code or 0), shown.out, shown.err)

    return invoke
