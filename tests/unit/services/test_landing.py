"""Readings land in the database, or in the spool while that is away, slow or behind; then in order."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from collectors.spool import Record, Spool
from pipeline.errors import KilowatchError, StorageError
from pipeline.frames import RawFrame, RawMessage
from pipeline.model import MeterId, Snapshot
from pipeline.ports import WriteReport
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Registry
from services.entry import Entry
from services.landing import Landing
from storage.database import connect
from storage.registry import save_registry

START = datetime(2026, 11, 22, 4, tzinfo=UTC)
NOWHERE = "postgresql://127.0.0.1:1/none"
ROOMY = 10_000_000
TIMEOUT_S = 30.0


@pytest.fixture
def url(plain_database_url: str) -> str:
    with connect(plain_database_url) as connection:
        save_registry(connection, Registry(meters=[Meter(id=MeterId("A"))]))
    return plain_database_url


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.sqlite"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.landing.RETRY_FIRST_S", 0.02)
    monkeypatch.setattr("services.landing.RETRY_MOST_S", 0.05)


@pytest.fixture
def closing() -> Iterator[Callable[[Landing], Landing]]:
    opened: list[Landing] = []

    def keep(landing: Landing) -> Landing:
        opened.append(landing)
        return landing

    yield keep
    for landing in opened:
        landing.close()


def entry(n: int, value: float | None = None) -> Entry:
    at = START + timedelta(seconds=n)
    values = {Quantity.ACTIVE_ENERGY_IMPORT: float(n) if value is None else value}
    return Entry(snapshots=[Snapshot(meter=MeterId("A"), taken_at=at, received_at=at, values=values)])


def stored(url: str) -> list[float]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT active_energy_import FROM register_reading ORDER BY taken_at")
        return [value for (value,) in rows]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def rename(url: str, old: str, new: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(f"ALTER TABLE {old} RENAME TO {new}".encode())


def test_a_sound_database_takes_everything_and_the_spool_stays_empty(
    url: str, path: Path, closing: Callable[[Landing], Landing]
) -> None:
    told: list[Snapshot] = []
    landing = closing(Landing(url, told.extend, spool=Spool(path, ROOMY)))
    landing.keep(entry(1))
    assert stored(url) == [1.0]
    assert [s.taken_at for s in told] == [START + timedelta(seconds=1)]
    counters = landing.counters
    assert (counters.report, counters.behind) == (WriteReport(written=1), False)
    assert counters.spool is not None
    assert counters.spool.put == 0


def test_what_the_database_does_not_take_is_spooled_and_stored_when_it_is_back(
    url: str, path: Path, closing: Callable[[Landing], Landing]
) -> None:
    landing = closing(Landing(url, spool=Spool(path, ROOMY)))
    rename(url, "register_reading", "away")
    for n in range(20):
        landing.keep(entry(n))
    assert landing.behind
    assert landing.counters.failed_commits == 1
    rename(url, "away", "register_reading")
    until(lambda: not landing.behind)
    assert stored(url) == [float(n) for n in range(20)]
    landing.keep(entry(20))
    assert stored(url)[-1] == 20.0
    counters = landing.counters.spool
    assert counters is not None
    assert (counters.put, counters.drained, counters.waiting) == (20, 20, 0)


def test_while_the_spool_holds_something_nothing_passes_it(
    url: str, path: Path, closing: Callable[[Landing], Landing]
) -> None:
    """The first of two differing values is the one that stays."""
    landing = closing(Landing(url, spool=Spool(path, ROOMY)))
    rename(url, "register_reading", "away")
    landing.keep(entry(1, value=10.0))
    rename(url, "away", "register_reading")
    landing.keep(entry(1, value=11.0))
    until(lambda: not landing.behind)
    assert stored(url) == [10.0]
    assert landing.counters.report == WriteReport(written=1, conflicts=1)


def test_a_database_that_is_slow_holds_nobody_up_and_what_it_stored_after_all_is_no_double(
    url: str, path: Path, closing: Callable[[Landing], Landing]
) -> None:
    landing = closing(Landing(url, spool=Spool(path, ROOMY), slow_s=0.1))
    landing.keep(entry(0))
    with psycopg.connect(url) as blocker:
        blocker.execute("LOCK TABLE register_reading")
        for n in range(1, 50):
            landing.keep(entry(n))
        assert landing.behind
        # In memory is what is being committed and the order to drain; the rest is in the file.
        assert landing._database._work_queue.qsize() <= 1
        assert landing.counters.slow_commits == 1
    until(lambda: not landing.behind)
    assert stored(url) == [float(n) for n in range(50)]
    report = landing.counters.report
    assert (report.written, report.replayed, report.conflicts) == (50, 1, 0)


def test_what_a_run_left_in_the_spool_is_stored_by_the_next_one(
    url: str, path: Path, closing: Callable[[Landing], Landing]
) -> None:
    first = Landing(NOWHERE, spool=Spool(path, ROOMY))
    first.keep(entry(1))
    first.keep(entry(2))
    first.close()
    second = closing(Landing(url, spool=Spool(path, ROOMY)))
    until(lambda: not second.behind)
    assert stored(url) == [1.0, 2.0]


def test_a_record_that_cannot_be_read_back_is_passed_over_counted_and_costs_no_neighbour(
    url: str, path: Path, closing: Callable[[Landing], Landing], caplog: pytest.LogCaptureFixture
) -> None:
    first = Landing(NOWHERE, spool=Spool(path, ROOMY))
    first.keep(entry(1))
    first.close()
    spool = Spool(path, ROOMY)
    spool.put([Record(payload=b"\xff broken", readings=1, rank=0)])
    second = closing(Landing(url, spool=spool))
    until(lambda: not second.behind)
    assert stored(url) == [1.0]
    assert second.counters.unreadable_records == 1
    assert "landing.unreadable" in caplog.text


def test_when_neither_takes_it_the_caller_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch, closing: Callable[[Landing], Landing]
) -> None:
    landing = closing(Landing(NOWHERE, spool=Spool(path, ROOMY)))

    def full(*_arguments: object) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(Spool, "put", full)
    with pytest.raises(StorageError, match="disk is full"):
        landing.keep(entry(1))
    assert not landing.behind


def test_without_a_spool_a_database_that_is_away_is_an_error(
    closing: Callable[[Landing], Landing],
) -> None:
    landing = closing(Landing(NOWHERE))
    with pytest.raises(StorageError, match="no connection"):
        landing.keep(entry(1))


def test_without_a_spool_a_slow_database_holds_the_caller_instead_of_growing_a_queue(
    url: str, closing: Callable[[Landing], Landing]
) -> None:
    landing = closing(Landing(url, slow_s=0.01))
    with psycopg.connect(url) as blocker:
        blocker.execute("LOCK TABLE register_reading")
        caller = threading.Thread(target=landing.keep, args=(entry(1),))
        caller.start()
        caller.join(0.3)
        assert caller.is_alive()
    caller.join(TIMEOUT_S)
    assert stored(url) == [1.0]


def test_a_fault_while_draining_is_told_to_the_next_caller(
    path: Path, monkeypatch: pytest.MonkeyPatch, closing: Callable[[Landing], Landing]
) -> None:
    spool = Spool(path, ROOMY)

    def broken(*_arguments: object) -> None:
        raise KilowatchError("a fault of ours")

    monkeypatch.setattr(Spool, "take", broken)
    landing = closing(Landing(NOWHERE, spool=spool))
    landing.keep(entry(1))
    until(lambda: landing._draining is not None and landing._draining.done())
    with pytest.raises(KilowatchError, match="a fault of ours"):
        landing.keep(entry(2))


def with_raw(n: int) -> Entry:
    at = START + timedelta(seconds=n)
    frame = RawFrame("0201FF00", at, at, b"?", b"!")
    message = RawMessage(received_at=at, source="bus", meters=(MeterId("A"),), frames=(frame,))
    return replace(entry(n), raw=(message,))


def raw_kept(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM raw_frame").fetchone()
    assert row is not None
    return int(row[0])


def test_bytes_are_kept_beside_readings_unless_that_is_switched_off(
    url: str, closing: Callable[[Landing], Landing]
) -> None:
    closing(Landing(url)).keep(with_raw(1))
    assert raw_kept(url) == 1
    closing(Landing(url, keeps_raw=False)).keep(with_raw(2))
    assert (raw_kept(url), stored(url)) == (1, [1.0, 2.0])


def test_bytes_that_cannot_be_kept_cost_no_reading(url: str, closing: Callable[[Landing], Landing]) -> None:
    rename(url, "raw_frame", "away")
    closing(Landing(url)).keep(with_raw(1))
    assert stored(url) == [1.0]


def test_bytes_go_through_the_spool_with_their_readings(
    url: str, path: Path, closing: Callable[[Landing], Landing]
) -> None:
    landing = closing(Landing(url, spool=Spool(path, ROOMY)))
    rename(url, "register_reading", "away")
    landing.keep(with_raw(1))
    rename(url, "away", "register_reading")
    until(lambda: not landing.behind)
    until(lambda: raw_kept(url) == 1)
    assert stored(url) == [1.0]
