"""Old chunks are laid by meter once, those in use are left alone, and no row changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from services.maintain import Ordered, order_old
from services.settings import Settings
from storage.benchmark_seed import seed_electrical, seed_intervals
from storage.database import Connection, connect
from storage.registry import save_registry
from storage.row_order import unordered_chunks
from tests.alarm_archive import feeder

NOW = datetime(2026, 11, 22, tzinfo=UTC)
BEGIN = NOW - timedelta(days=150)
METERS = 50


@pytest.fixture
def settings(database_url: str) -> Settings:
    """A database in which ten days of old load came hour by hour, and two days of new."""
    with connect(database_url) as connection:
        archive = feeder(METERS)
        save_registry(connection, archive)
        names = [meter.id for meter in archive.meters]
        seed_intervals(connection, names, BEGIN, BEGIN + timedelta(days=10))
        seed_intervals(connection, names, NOW - timedelta(days=2), NOW)
        seed_electrical(connection, BEGIN, BEGIN + timedelta(days=1))
    return Settings(database_url=SecretStr(database_url))


def pages_of_a_meter(connection: Connection) -> int:
    """In how many pages of the disk the old intervals of one meter lie."""
    found = connection.execute(
        "SELECT count(DISTINCT (tableoid, (ctid::text::point)[0])) FROM interval "
        "WHERE meter_id = (SELECT min(meter_id) FROM meter) AND starts_at < %s",
        (NOW - timedelta(days=60),),
    ).fetchone()
    assert found is not None
    return int(found[0])


def content(connection: Connection) -> tuple[object, ...]:
    """A sum over every row of the two tables."""
    found = connection.execute(
        "SELECT (SELECT sum(hashtext(i::text)) FROM interval AS i), "
        "(SELECT sum(hashtext(e::text)) FROM electrical_reading AS e)"
    ).fetchone()
    assert found is not None
    return found


def test_old_rows_are_laid_by_meter_once_and_stay_the_same(settings: Settings) -> None:
    with connect(settings.require_database_url()) as connection:
        before, pages = content(connection), pages_of_a_meter(connection)
        chunks = len(unordered_chunks(connection, NOW))
        assert chunks >= 2, "of load and of voltages"
        assert order_old(settings, NOW) == Ordered(done=chunks, in_use=0, left=0)
        assert content(connection) == before
        # 960 quarter hours of about 100 bytes are a dozen pages of 8 kB; as they came, an hour of 50 meters
        # is two pages and a half, and each of 240 hours has the meter's four.
        assert pages >= 200
        assert pages_of_a_meter(connection) <= 20
        assert order_old(settings, NOW) == Ordered(done=0, in_use=0, left=0)
        # The chunk of today gets old too.
        assert order_old(settings, NOW + timedelta(days=120)).done == 1


def test_a_chunk_that_somebody_reads_is_left_for_the_next_night(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.row_order.LOCK_WAIT", "100ms")
    with connect(settings.require_database_url()) as reader:
        chunks = len(unordered_chunks(reader, NOW))
        with reader.transaction():
            reader.execute("SELECT count(*) FROM interval")
            assert order_old(settings, NOW).in_use >= 1
        assert 0 < len(unordered_chunks(reader, NOW)) < chunks
        assert order_old(settings, NOW).in_use == 0


def test_a_night_has_an_hour_for_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.maintain.ORDERING_S", -1.0)
    with connect(settings.require_database_url()) as connection:
        chunks = len(unordered_chunks(connection, NOW))
    assert order_old(settings, NOW) == Ordered(done=0, in_use=0, left=chunks)


def test_without_chunks_there_is_nothing_to_lay(plain_database_url: str) -> None:
    assert order_old(Settings(database_url=SecretStr(plain_database_url)), NOW) == Ordered(
        done=0, in_use=0, left=0
    )
