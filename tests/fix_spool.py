"""No test spools into the folder of whoever runs it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _spool_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KILOWATCH_SPOOL_DIR", str(tmp_path_factory.mktemp("spool")))
        yield
