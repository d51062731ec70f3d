"""A row that the database refuses is kept aside; its neighbours are stored in the same transaction."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from psycopg import sql

from pipeline.coverage import CoverageEntry, CoverageStatus
from pipeline.errors import StorageError
from pipeline.model import MeterId, Quality, Snapshot
from pipeline.ports import Unmatched, WriteReport
from pipeline.quantities import Group, Quantity
from pipeline.registry import Meter, Registry
from services.entry import REFUSED, Entry, checked, commit, merged, write_entry
from storage.database import Connection, connect
from storage.registry import save_registry

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)
REGISTRY = Registry(meters=[Meter(id=MeterId(name)) for name in ("A", "B")])
POISON = 666.0


@pytest.fixture
def connection(plain_database_url: str) -> Iterator[Connection]:
    """A database that refuses one value: the stand-in for whatever content a server does not take."""
    with connect(plain_database_url) as connection:
        save_registry(connection, REGISTRY)
        for table, column in (
            ("register_reading", "active_energy_import"),
            ("electrical_reading", "voltage_a"),
        ):
            connection.execute(f"ALTER TABLE {table} ADD CHECK ({column} <> {POISON})".encode())
        yield connection


def snapshot(n: int, value: float = 1.0, meter: str = "A") -> Snapshot:
    at = AT + timedelta(seconds=n)
    return Snapshot(
        meter=MeterId(meter), taken_at=at, received_at=at, values={Quantity.ACTIVE_ENERGY_IMPORT: value}
    )


def line(n: int) -> CoverageEntry:
    return CoverageEntry(
        meter=MeterId("A"),
        group=Group.REGISTER,
        slot_at=AT + timedelta(seconds=n),
        status=CoverageStatus.GOT,
    )


def count(connection: Connection, table: str) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    assert row is not None
    return int(row[0])


def aside(connection: Connection) -> list[tuple[object, ...]]:
    return connection.execute(
        "SELECT source, key, messages FROM unmatched_message WHERE reason = %s", (REFUSED,)
    ).fetchall()


def test_refused_rows_are_kept_aside_and_the_other_rows_are_stored(connection: Connection) -> None:
    bad = {3, 17, 18}
    entry = Entry(
        snapshots=[snapshot(n, POISON if n in bad else n, "B" if n in bad else "A") for n in range(40)],
        coverage=[line(n) for n in range(40)],
        unmatched=[Unmatched(received_at=AT, source="t", reason="r", key="", payload=b"x")],
    )
    report = write_entry(connection, entry)
    assert report == WriteReport(written=37, refused=3)
    assert count(connection, "register_reading") == 37
    assert count(connection, "coverage") == 40
    assert aside(connection) == [("reading", "B", 3)]
    assert write_entry(connection, entry).replayed == 37


def test_a_refused_line_of_the_ledger_is_kept_aside_too(connection: Connection) -> None:
    connection.execute("ALTER TABLE coverage ADD CHECK (attempts <> 666)")
    poison = CoverageEntry(
        meter=MeterId("A"), group=Group.REGISTER, slot_at=AT, status=CoverageStatus.GOT, attempts=666
    )
    report = write_entry(connection, Entry(snapshots=[snapshot(1)], coverage=[line(5), poison, line(6)]))
    assert report == WriteReport(written=1, refused=1)
    assert count(connection, "coverage") == 2
    assert aside(connection) == [("coverage", "A", 1)]


def test_a_server_at_fault_is_not_taken_for_bad_content(connection: Connection) -> None:
    connection.execute("ALTER TABLE coverage RENAME TO away")
    with pytest.raises(StorageError, match="kilowatch db migrate"):
        write_entry(connection, Entry(snapshots=[snapshot(1)], coverage=[line(1)]))
    assert count(connection, "register_reading") == 0
    assert aside(connection) == []


def test_numbers_too_large_for_an_array_are_missing_and_stop_nothing(connection: Connection) -> None:
    values = {
        Quantity.VOLTAGE_HARMONIC_A: (1.0, 1e300, float("inf")),
        Quantity.STATUS_WORDS: (1.0, 1e12, float("nan")),
    }
    odd = Snapshot(meter=MeterId("A"), taken_at=AT, received_at=AT, values=values)
    write_entry(connection, Entry(snapshots=[odd]))
    spectra = connection.execute("SELECT voltage_harmonic_a FROM spectrum_reading").fetchall()
    words = connection.execute("SELECT status_words FROM electrical_reading").fetchall()
    assert spectra == [([1.0, None, None],)]
    assert words == [([1, None, None],)]


def test_entries_are_merged_in_their_order() -> None:
    both = merged([Entry(snapshots=[snapshot(2)]), Entry(snapshots=[snapshot(1)], coverage=[line(1)])])
    assert both == Entry(snapshots=[snapshot(2), snapshot(1)], coverage=[line(1)], unmatched=[])
    assert len(both) == 3


def test_readings_are_checked_at_the_time_they_came() -> None:
    (flagged,) = checked(Entry(snapshots=[snapshot(0)]), REGISTRY, AT - timedelta(days=1)).snapshots
    assert Quality.FUTURE_TIME in flagged.quality


def test_entries_are_committed_together(connection: Connection) -> None:
    entries = [Entry(snapshots=[snapshot(n)]) for n in range(3)]
    assert commit(connection, REGISTRY, entries).written == 3
