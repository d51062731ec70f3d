"""The spool: in order, durable, bounded, and honest about what it dropped."""

import logging
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from collectors.spool import DISK_SHORT_BYTES, SPARE, Record, Spool
from pipeline.errors import StorageError

ROOMY = 10_000_000
DEAR, CHEAP = 2, 0


def record(number: int, rank: int = DEAR, size: int = 10) -> Record:
    return Record(payload=b"%d".ljust(size) % number, readings=1, rank=rank)


def numbers(spool: Spool, most: int = 1_000_000) -> list[int]:
    return [int(waiting.payload) for waiting in spool.take(most)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "spool.sqlite"


@pytest.fixture
def spool(path: Path) -> Iterator[Spool]:
    spool = Spool(path, ROOMY)
    yield spool
    spool.close()


def test_records_come_out_in_the_order_in_which_they_went_in_whatever_their_rank(spool: Spool) -> None:
    spool.put([record(1), record(2, CHEAP)])
    spool.put([record(3)])
    assert numbers(spool) == [1, 2, 3]


def test_what_is_taken_stays_until_it_is_forgotten(spool: Spool) -> None:
    spool.put([record(n) for n in range(5)])
    first = spool.take(2)
    assert numbers(spool, 2) == [0, 1]
    spool.forget(first)
    assert numbers(spool) == [2, 3, 4]
    assert spool.counters.drained == 2
    assert spool.counters.waiting == 3


def test_a_record_larger_than_a_batch_is_taken_alone(spool: Spool) -> None:
    spool.put([Record(payload=b"1", readings=50, rank=DEAR), record(2)])
    assert numbers(spool, 10) == [1]


def test_what_is_taken_together_is_bounded_in_bytes(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.spool.TAKEN_BYTES_MOST", 250)
    spool.put([record(1, size=300), *(record(n, size=100) for n in range(2, 6))])
    assert numbers(spool) == [1]
    spool.forget(spool.take(10))
    assert numbers(spool) == [2, 3]


def test_an_empty_spool_gives_nothing(spool: Spool) -> None:
    assert spool.take(10) == []
    assert spool.counters.waiting == 0


def test_what_was_put_is_there_when_the_file_is_opened_again_without_having_been_closed(path: Path) -> None:
    """As after kill -9: nobody closed it, and the journal was not folded in."""
    killed = Spool(path, ROOMY)
    killed.put([record(n) for n in range(3)])
    again = Spool(path, ROOMY)
    assert numbers(again) == [0, 1, 2]
    again.close()
    killed.close()


def test_a_full_spool_drops_the_cheap_before_the_dear_and_the_old_before_the_new(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(path, 400_000)
    with caplog.at_level(logging.ERROR, "kilowatch.spool"):
        for n in range(100):
            spool.put([record(n, DEAR, 2_000), record(1_000 + n, CHEAP, 8_000)])
    left = numbers(spool)
    counters = spool.counters
    spool.close()
    dear, cheap = [n for n in left if n < 1_000], [n for n in left if n >= 1_000]
    assert dear == list(range(100))
    assert cheap == list(range(1_100 - len(cheap), 1_100))
    assert 0 < len(cheap) < 30
    assert counters.dropped == {CHEAP: 100 - len(cheap)}
    assert counters.used_bytes <= 400_000
    assert "spool.full" in caplog.text


def test_what_holds_no_reading_is_not_dropped_in_silence(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(path, 400_000)
    with caplog.at_level(logging.ERROR, "kilowatch.spool"):
        for n in range(100):
            spool.put([replace(record(n, CHEAP, 8_000), readings=0)])
    left = len(numbers(spool))
    spool.close()
    assert left < 100
    assert "spool.full" in caplog.text


def test_when_only_dear_ones_are_left_the_oldest_of_them_go_and_the_count_outlives_the_process(
    path: Path,
) -> None:
    spool = Spool(path, 200_000)
    for n in range(100):
        spool.put([record(n, DEAR, 8_000)])
    spool.close()
    again = Spool(path, 200_000)
    left = numbers(again)
    assert left == list(range(100 - len(left), 100))
    assert again.counters.dropped == {DEAR: 100 - len(left)}
    again.close()


def test_what_is_in_hand_is_not_dropped_for_it_may_be_stored_already(path: Path) -> None:
    spool = Spool(path, 200_000)
    spool.put([record(n, CHEAP, 8_000) for n in range(10)])
    in_hand = spool.take(5)
    for n in range(10, 100):
        spool.put([record(n, DEAR, 8_000)])
    spool.forget(in_hand)
    assert spool.counters.drained == 5
    assert sum(spool.counters.dropped.values()) + spool.counters.waiting == 95
    spool.close()


def test_spare_records_are_taken_while_half_is_free_and_go_first_without_alarm(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(path, 400_000)
    with caplog.at_level(logging.ERROR, "kilowatch.spool"):
        for n in range(25):
            spool.put([record(n, DEAR, 8_000), record(1_000 + n, SPARE, 8_000)])
        taken = spool.counters.waiting - 25
        for n in range(25, 42):
            spool.put([record(n, DEAR, 8_000)])
    left = numbers(spool)
    spool.close()
    assert 5 < taken < 20
    assert [n for n in left if n < 1_000] == list(range(42))
    assert 0 < len(left) - 42 < taken
    assert "spool.full" not in caplog.text


def test_room_that_was_drained_is_used_again(path: Path) -> None:
    spool = Spool(path, 200_000)
    for start in range(0, 1_000, 10):
        spool.put([record(n, DEAR, 8_000) for n in range(start, start + 10)])
        spool.forget(spool.take(1_000))
    assert spool.counters.dropped == {}
    spool.close()
    assert path.stat().st_size <= 300_000


def test_a_damaged_file_is_put_aside_and_said_so(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database, but it is long enough to look at" * 100)
    spool = Spool(path, ROOMY)
    spool.put([record(1)])
    assert numbers(spool) == [1]
    spool.close()
    assert len(list(path.parent.glob("*.damaged-*"))) == 1
    assert "spool.damaged" in caplog.text


def test_a_folder_that_cannot_be_made_is_a_storage_error_with_the_next_step(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="KILOWATCH_SPOOL_DIR"):
        Spool(tmp_path / "file" / "spool.sqlite", ROOMY)


def test_a_full_disk_is_a_storage_error_and_keeps_nothing_of_the_batch(spool: Spool) -> None:
    spool.put([record(1)])
    spool._file.execute("PRAGMA max_page_count = 20")
    with pytest.raises(StorageError, match="full"):
        spool.put([record(n, DEAR, 8_000) for n in range(2, 50)])
    assert numbers(spool) == [1]


def test_on_a_short_disk_what_is_spare_goes_and_comes_back_when_there_is_room(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # The disk is smaller than half of the room that the spool was given.
    free = [DISK_SHORT_BYTES]
    monkeypatch.setattr("collectors.spool.disk_usage", lambda _path: SimpleNamespace(free=free[0]))
    spool.put([record(n, SPARE) for n in range(100)])
    in_hand = spool.take(10)
    free[0] -= 1
    spool.put([record(100), record(101, SPARE)])
    spool.forget(in_hand)
    assert numbers(spool) == [*range(74, 100), 100], "some at a time: the journal has little room, too"
    spool.forget(spool.take(0))
    spool.put([record(102)])
    assert numbers(spool) == [100, 102]
    free[0] += 1
    spool.put([record(103, SPARE)])
    assert numbers(spool) == [100, 102, 103]
    assert (spool.counters.put, spool.counters.dropped) == (103, {SPARE: 89})
    assert "spool.full" not in caplog.text


def test_commits_are_on_the_disk_when_they_return(spool: Spool) -> None:
    assert spool._file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    full = 2
    assert spool._file.execute("PRAGMA synchronous").fetchone() == (full,)
    assert isinstance(spool._file, sqlite3.Connection)


def test_a_file_says_which_it_is_and_when_it_was_made_whoever_opens_it(path: Path, tmp_path: Path) -> None:
    began = datetime.now(UTC).replace(microsecond=0)
    spool = Spool(path, ROOMY)
    first = spool.counters
    spool.close()
    again = Spool(path, ROOMY)
    assert (again.counters.file, again.counters.made_at) == (first.file, first.made_at)
    again.close()
    assert first.made_at is not None
    assert began <= datetime.fromisoformat(first.made_at) <= datetime.now(UTC)
    other = Spool(tmp_path / "other.sqlite", ROOMY)
    assert other.counters.file != first.file
    other.close()


def test_a_file_of_an_older_version_gets_a_name_and_no_time(path: Path) -> None:
    Spool(path, ROOMY).close()
    older = sqlite3.connect(path)
    older.execute("DROP TABLE made")
    older.close()
    spool = Spool(path, ROOMY)
    assert spool.counters.file
    assert spool.counters.made_at is None
    spool.close()
