"""One spool a process; what the dead left behind is taken over, what the living hold is not."""

import sys
from multiprocessing import get_context
from pathlib import Path

import pytest

from collectors.spool import Record, Spool
from collectors.spool_files import open_spool
from pipeline.errors import StorageError

ROOMY = 10_000_000


def record(number: int) -> Record:
    return Record(payload=b"%d" % number, readings=1, rank=0)


def numbers(spool: Spool) -> list[int]:
    return [int(waiting.payload) for waiting in spool.take(1_000)]


def test_two_at_once_have_two_files_and_the_next_one_takes_over_what_both_left(tmp_path: Path) -> None:
    first, second = (open_spool(tmp_path, "db", ROOMY) for _ in range(2))
    first.put([record(1)])
    second.put([record(2)])
    assert first.path != second.path
    second.close()
    first.close()
    third = open_spool(tmp_path, "db", ROOMY)
    assert sorted(numbers(third)) == [1, 2]
    third.close()


def test_what_a_running_process_holds_is_left_to_it(tmp_path: Path) -> None:
    first = open_spool(tmp_path, "db", ROOMY)
    first.put([record(1)])
    second = open_spool(tmp_path, "db", ROOMY)
    assert numbers(second) == []
    assert numbers(first) == [1]
    first.close()
    second.close()


def test_readings_of_one_database_never_get_into_another(tmp_path: Path) -> None:
    first = open_spool(tmp_path, "host:5432/a", ROOMY)
    first.put([record(1)])
    first.close()
    other = open_spool(tmp_path, "host:5432/b", ROOMY)
    assert numbers(other) == []
    other.close()


def _dies_holding_one(folder: Path) -> None:
    open_spool(folder, "db", ROOMY).put([record(7)])
    sys.exit(0)  # without closing


def test_a_process_that_ended_without_closing_leaves_its_records_and_no_lock(tmp_path: Path) -> None:
    process = get_context("spawn").Process(target=_dies_holding_one, args=(tmp_path,))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    spool = open_spool(tmp_path, "db", ROOMY)
    assert spool.path.name.endswith("-0.sqlite")
    assert numbers(spool) == [7]
    spool.close()


def test_a_folder_that_cannot_be_used_is_told_with_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="KILOWATCH_SPOOL_DIR"):
        open_spool(tmp_path / "file" / "spools", "db", ROOMY)
