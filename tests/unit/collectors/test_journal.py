"""What is on its way to where it is kept outlives the process that read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.journal import Journal, clear, journal_files, left_in
from collectors.spool import Record
from collectors.spool_files import open_spool

ROOMY = 10_000_000


def record(number: int) -> Record:
    return Record(payload=b"%d" % number, readings=1, rank=2)


def left(spool: Path) -> list[int]:
    return sorted(int(one.payload) for one in left_in(spool))


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "mark-0.sqlite"


def test_what_was_put_and_not_settled_is_left(spool: Path) -> None:
    journal = Journal(spool)
    for number in range(5):
        journal.put([record(number)])
    assert left(spool) == [0, 1, 2, 3, 4]
    journal.close()


def test_settled_entries_go_and_nothing_that_is_not_settled_ever_does(spool: Path) -> None:
    """Under steady load, whatever the steps, the files hold all that waits and do not grow."""
    journal = Journal(spool)
    put = settled = 0
    for step in range(300):
        for _ in range(1 + step % 7):
            journal.put([record(put)])
            put += 1
        take = min(put - settled, 1 + step * 5 % 9)
        journal.settle(take)
        settled += take
        assert set(range(settled, put)) <= set(left(spool))
        assert len(left(spool)) < 60
    journal.settle(put - settled)
    assert left(spool) == []
    journal.close()


def test_an_entry_of_several_records_is_settled_as_one(spool: Path) -> None:
    journal = Journal(spool)
    journal.put([record(1), record(2)])
    journal.put([record(3)])
    journal.settle(2)
    assert left(spool) == []
    journal.close()


@pytest.mark.parametrize("kept", range(1, 40))
def test_a_write_that_a_kill_cut_short_costs_itself_alone(spool: Path, kept: int) -> None:
    journal = Journal(spool)
    journal.put([record(1)])
    whole = max(path.stat().st_size for path in journal_files(spool))
    journal.put([record(2)])
    journal.close()
    written = next(path for path in journal_files(spool) if path.stat().st_size)
    written.write_bytes(written.read_bytes()[:kept])
    assert left(spool) == [1, 2][: kept // whole]


def test_flipped_bytes_are_not_taken_for_a_reading(spool: Path) -> None:
    journal = Journal(spool)
    journal.put([record(1234)])
    journal.close()
    written = next(path for path in journal_files(spool) if path.stat().st_size)
    written.write_bytes(written.read_bytes()[:-1] + b"\xff")
    assert left(spool) == []


def test_the_next_process_takes_it_into_its_spool(tmp_path: Path) -> None:
    killed = open_spool(tmp_path, "db", ROOMY)
    journal = Journal(killed.path)
    journal.put([record(7)])
    killed.close()  # what a kill does: the lock goes
    following = open_spool(tmp_path, "db", ROOMY)
    assert [int(one.payload) for one in following.take(10)] == [7]
    assert left(following.path) == []
    following.close()
    journal.close()


def test_the_journal_of_a_living_process_is_left_to_it(tmp_path: Path) -> None:
    first = open_spool(tmp_path, "db", ROOMY)
    journal = Journal(first.path)
    journal.put([record(7)])
    second = open_spool(tmp_path, "db", ROOMY)
    assert second.take(10) == []
    assert left(first.path) == [7]
    for one in (journal, second, first):
        one.close()


def test_what_was_taken_over_is_removed(spool: Path) -> None:
    journal = Journal(spool)
    journal.put([record(1)])
    journal.close()
    clear(spool)
    assert not any(path.exists() for path in journal_files(spool))
