"""What every unit test shares: none of them sees the archive that the shell happens to name."""

import pytest


@pytest.fixture(autouse=True)
def _no_archive_of_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KILOWATCH_DATABASE_URL", raising=False)
