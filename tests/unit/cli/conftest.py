"""The command for the tests of this folder."""

import pytest

from tests.unit.cli.invoke import Invoke, invoker


@pytest.fixture
def kilowatch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Invoke:
    """Run ``kilowatch`` within this process."""
    return invoker(monkeypatch, capsys)
