"""What a host remembers of the database, for a start without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.model import MeterId
from pipeline.registry import Bus, Meter, Registry, Schedule
from services.last_known import LastKnown
from storage.registry_files import export_registry

ARCHIVE = Registry(
    meters=[Meter(id=MeterId("M-1"))],
    buses=[Bus(id="b1", url="tcp://127.0.0.1:4001")],
    schedules=[Schedule(group="register", every_s=900)],
)


def test_the_archive_of_the_last_start_is_known(tmp_path: Path) -> None:
    known = LastKnown(tmp_path / "spool", "host:5432/db")
    assert known.archive() is None
    known.keep_archive(ARCHIVE)
    found = LastKnown(tmp_path / "spool", "host:5432/db").archive()
    assert found is not None
    assert export_registry(found) == export_registry(ARCHIVE)


def test_one_database_knows_nothing_of_another(tmp_path: Path) -> None:
    LastKnown(tmp_path, "host:5432/a").keep_archive(ARCHIVE)
    assert LastKnown(tmp_path, "host:5432/b").archive() is None


def test_a_damaged_archive_is_told_and_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    known = LastKnown(tmp_path, "db")
    known.keep_archive(ARCHIVE)
    (file,) = tmp_path.glob("*-archive.toml")
    file.write_text("[[meter]\n")
    assert known.archive() is None
    assert "archive.unreadable" in caplog.text


def test_the_buses_of_this_host_are_those_that_it_got_and_did_not_lose(tmp_path: Path) -> None:
    known = LastKnown(tmp_path, "db")
    assert known.buses() == set()
    known.keep_buses(["b1", "b2"], [])
    known.keep_buses(["b3"], ["b1"])
    assert LastKnown(tmp_path, "db").buses() == {"b2", "b3"}


def test_a_folder_that_cannot_be_written_costs_only_the_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    LastKnown(tmp_path / "file", "db").keep_buses(["b1"], [])
    assert "cannot remember" in caplog.text
