import logging
import resource
from collections.abc import Iterator

import pytest

from services.open_files import FILES_BESIDE, FILES_OF_BUS, allow_open_files

NOFILE = resource.RLIMIT_NOFILE


@pytest.fixture
def few_files() -> Iterator[int]:
    """A soft limit of 256 files, as it was before afterwards; gives the hard one."""
    soft, hard = resource.getrlimit(NOFILE)
    resource.setrlimit(NOFILE, (256, hard))
    yield hard
    resource.setrlimit(NOFILE, (soft, hard))


def test_the_limit_grows_to_what_the_buses_need_and_never_shrinks(few_files: int) -> None:
    allow_open_files(200)
    assert resource.getrlimit(NOFILE) == (200 * FILES_OF_BUS + FILES_BESIDE, few_files)
    allow_open_files(10)
    assert resource.getrlimit(NOFILE) == (200 * FILES_OF_BUS + FILES_BESIDE, few_files)


def test_more_buses_than_the_system_allows_files_for_are_told(
    few_files: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 300))
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    with caplog.at_level(logging.WARNING, logger="kilowatch.collect"):
        allow_open_files(200)
    monkeypatch.undo()
    assert asked == [(300, 300)]
    assert "200 buses need 500 open files and 300 are allowed" in caplog.text
    assert few_files >= 256
