"""A collector starts with the database's archive, or with the one known last while that is away."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pipeline.errors import SchemaMissingError
from pipeline.model import MeterId
from pipeline.registry import Meter, Registry
from services import archive_at_start
from services.archive_at_start import ArchiveAtStart
from services.last_known import LastKnown
from storage.database import connect
from storage.registry import save_registry

NOBODY = "postgresql://127.0.0.1:1/none"
ARCHIVE = Registry(meters=[Meter(id=MeterId("M-1"))])


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_at_start, "RETRY_FIRST_S", 0.01)


def file(url: str, *meters: str) -> None:
    with connect(url) as connection:
        save_registry(connection, Registry(meters=[Meter(id=MeterId(meter)) for meter in meters]))


def ids(registry: Registry) -> list[str]:
    return [meter.id for meter in registry.meters]


def test_the_archive_of_the_database_is_remembered_for_a_start_without_it(
    plain_database_url: str, tmp_path: Path
) -> None:
    file(plain_database_url, "M-1", "M-2")
    known = LastKnown(tmp_path, "db")

    async def scenario() -> None:
        assert ids(await ArchiveAtStart(plain_database_url, known).first()) == ["M-1", "M-2"]
        assert ids(await ArchiveAtStart(NOBODY, known).first()) == ["M-1", "M-2"]

    asyncio.run(scenario())


def test_without_any_archive_the_database_is_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ArchiveAtStart(NOBODY, LastKnown(tmp_path, "db")).first(), 0.3)

    asyncio.run(scenario())
    assert "waiting for the database: no archive is known yet on this host" in caplog.text


def test_an_archive_that_was_changed_meanwhile_is_told_once_the_database_answers(
    plain_database_url: str, tmp_path: Path
) -> None:
    known = LastKnown(tmp_path, "db")
    known.keep_archive(ARCHIVE)

    async def scenario() -> None:
        archive = ArchiveAtStart(NOBODY, known)
        used = await archive.first()
        assert ids(used) == ["M-1"]
        archive._url = plain_database_url
        file(plain_database_url, "M-1")
        with pytest.raises(TimeoutError):  # the same one: nothing to tell
            await asyncio.wait_for(archive.newer(used), 0.5)
        archive._is_fresh = False
        file(plain_database_url, "M-2")
        assert "M-2" in ids(await archive.newer(used))

    asyncio.run(scenario())


def test_a_database_that_was_never_migrated_is_an_error_at_once(
    empty_timescale_url: str, tmp_path: Path
) -> None:
    with pytest.raises(SchemaMissingError, match="kilowatch db migrate"):
        asyncio.run(ArchiveAtStart(empty_timescale_url, LastKnown(tmp_path, "db")).first())
