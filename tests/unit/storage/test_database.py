"""The driver that readings are stored with is the compiled one, or the start says how to get it."""

import psycopg
import pytest

from pipeline.errors import ConfigError, ContentRefusedError, StorageError
from storage.database import require_compiled_driver, storage_errors


def test_the_compiled_driver_is_here() -> None:
    require_compiled_driver()


def test_the_slow_driver_is_refused_with_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psycopg.pq, "__impl__", "python")
    with pytest.raises(ConfigError, match=r"pip install 'psycopg\[binary\]'"):
        require_compiled_driver()


@pytest.mark.parametrize(
    "fault",
    [
        psycopg.errors.NumericValueOutOfRange("too large"),
        psycopg.errors.CheckViolation("no"),
        psycopg.errors.ProgramLimitExceeded("row too big"),
    ],
)
def test_a_fault_of_the_content_is_told_apart(fault: psycopg.Error) -> None:
    with pytest.raises(ContentRefusedError, match="storing"), storage_errors("storing"):
        raise fault


@pytest.mark.parametrize("fault", [psycopg.OperationalError("gone"), psycopg.errors.UndefinedTable("none")])
def test_a_fault_of_the_server_is_none_of_the_content(fault: psycopg.Error) -> None:
    with pytest.raises(StorageError) as told, storage_errors("storing"):
        raise fault
    assert not isinstance(told.value, ContentRefusedError)


def test_a_full_disk_is_told_as_one() -> None:
    with pytest.raises(StorageError, match=r"disk of the database is full.*make room"), storage_errors("x"):
        raise psycopg.errors.DiskFull("could not extend file")
