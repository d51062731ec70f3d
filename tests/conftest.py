"""What every test shares: the plug-ins ``fix_*.py`` beside this file and the larger real curves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# No test asserts a time: a machine with other work would fail it. The one exception is what a reader is
# promised on the screen, a stored value within five seconds (tests/e2e/test_live_charts.py), with the whole
# way from the database to the curve in it; how fast a part is, the benchmarks say.
settings.register_profile("kilowatch", deadline=None)
settings.load_profile("kilowatch")

HERE = Path(__file__).parent

pytest_plugins = [f"tests.{file.stem}" for file in sorted(HERE.glob("fix_*.py"))]


def real_data_folder() -> Path:
    """Return the folder that KILOWATCH_TEST_DATA names; relative to the project, there or not."""
    return HERE.parent / os.environ.get("KILOWATCH_TEST_DATA", "../shared/data")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of the larger real curves; for tests marked ``real_data``."""
    return real_data_folder()


def pytest_report_header() -> str:
    folder = real_data_folder()
    if folder.is_dir():
        return f"real data: {folder.resolve()}"
    return f"real data: none in {folder} (KILOWATCH_TEST_DATA), so tests marked real_data are deselected"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if real_data_folder().is_dir():
        return
    without = [item for item in items if item.get_closest_marker("real_data")]
    if without:
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in without]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not real_data_folder().is_dir():
        terminalreporter.write_line(pytest_report_header())
