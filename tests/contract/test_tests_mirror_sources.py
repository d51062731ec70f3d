"""A module's unit tests stand at its own path below tests/unit, so that both are found from either."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.project import ROOT, tracked_files

UNIT_TESTS = [
    file.relative_to("tests/unit") for file in tracked_files() if file.match("tests/unit/**/test_*.py")
]


@pytest.mark.parametrize("test", UNIT_TESTS, ids=Path.as_posix)
def test_it_has_its_source(test: Path) -> None:
    module = ROOT / test.with_name(test.name.removeprefix("test_"))
    assert module.is_file() or module.with_suffix("").is_dir()
