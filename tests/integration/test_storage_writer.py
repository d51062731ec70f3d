"""Readings are stored exactly once each, on TimescaleDB and on plain PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from pipeline.block import block_from_snapshots
from pipeline.errors import StorageError
from pipeline.model import MeterId, Origin, Quality, Snapshot, Value
from pipeline.ports import WriteReport
from pipeline.quantities import Group, Quantity
from storage.database import Connection, connect
from storage.unmatched import list_unmatched
from storage.writer import ReadingWriter

Q = Quantity
NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def writer(database: Connection) -> ReadingWriter:
    for name in ("m1", "m2", "m3"):
        add_meter(database, name)
    return ReadingWriter(database)


def add_meter(database: Connection, name: str) -> None:
    database.execute(
        "INSERT INTO meter (id, wiring, rated_voltage_v, nominal_voltage_v, rated_current_a, max_current_a, "
        "digits, resolution, zone) VALUES (%s, '3P4W', 220, 220, 5, 60, 6, 0.01, 'Asia/Shanghai')",
        (name,),
    )


def reading(
    values: dict[Quantity, Value],
    meter: str = "m1",
    at: datetime = NOON,
    origin: Origin = Origin.PRESENT,
    **rest: object,
) -> Snapshot:
    return Snapshot(
        meter=MeterId(meter),
        taken_at=at,
        received_at=at + SECOND,
        values=values,
        origin=origin,
        **rest,  # type: ignore[arg-type]  # the optional fields of a snapshot
    )


def stored(database: Connection, table: str, *columns: str) -> list[tuple[object, ...]]:
    wanted = [sql.SQL("*") if column == "*" else sql.Identifier(column) for column in columns]
    return database.execute(
        sql.SQL("SELECT {} FROM {} ORDER BY meter, taken_at, origin").format(
            sql.SQL(", ").join(wanted), sql.Identifier(f"{table}_named")
        )
    ).fetchall()


def test_a_snapshot_is_spread_over_the_tables_of_its_groups(
    database: Connection, writer: ReadingWriter
) -> None:
    values: dict[Quantity, Value] = {
        Q.ACTIVE_ENERGY_IMPORT: 123456.78,
        Q.MAX_DEMAND_IMPORT: 12.3456,
        Q.MAX_DEMAND_IMPORT_AT: (NOON - 5 * SECOND).timestamp(),
        Q.VOLTAGE_A: 220.5,
        Q.STATUS_WORDS: (1.0, 65535.0, 0.0),
        Q.VOLTAGE_HARMONIC_A: (0.0, 100.0, float("nan"), 2.5),
    }
    report = writer.write([reading(values, slot_at=NOON, meter_time=NOON + SECOND)])
    assert report == WriteReport(written=3)
    assert stored(
        database,
        "register_reading",
        "meter",
        "origin_name",
        "taken_at",
        "received_at",
        "slot_at",
        "meter_time",
        "active_energy_import",
        "max_demand_import",
        "max_demand_import_at",
        "max_demand_export",
    ) == [
        (
            *("m1", "present", NOON, NOON + SECOND, NOON, NOON + SECOND),
            *(123456.78, pytest.approx(12.3456), NOON - 5 * SECOND, None),
        )
    ]
    assert stored(database, "electrical_reading", "voltage_a", "status_words") == [(220.5, [1, 65535, 0])]
    assert stored(database, "spectrum_reading", "voltage_harmonic_a") == [([0.0, 100.0, None, 2.5],)]


def test_writing_the_same_readings_twice_changes_nothing(database: Connection, writer: ReadingWriter) -> None:
    batch = [
        reading({Q.ACTIVE_ENERGY_IMPORT: n / 100, Q.VOLTAGE_A: 220 + n / 10}, at=NOON + n * SECOND)
        for n in range(50)
    ]
    assert writer.write(batch) == WriteReport(written=100)
    before = stored(database, "register_reading", "*"), stored(database, "electrical_reading", "*")
    assert writer.write(batch) == WriteReport(replayed=100)
    assert writer.write(batch) == WriteReport(replayed=100)
    assert before == (stored(database, "register_reading", "*"), stored(database, "electrical_reading", "*"))


def test_new_rows_beside_replayed_ones_are_counted_apart(writer: ReadingWriter) -> None:
    batch = [reading({Q.VOLTAGE_A: 220.0}, at=NOON + n * SECOND) for n in range(10)]
    writer.write(batch[:4])
    assert writer.write(batch) == WriteReport(written=6, replayed=4)
    assert writer.write([reading({Q.VOLTAGE_A: 1.0}, meter="m2")]) == WriteReport(written=1)


def test_a_second_partial_message_fills_the_gaps(database: Connection, writer: ReadingWriter) -> None:
    first = reading({Q.VOLTAGE_A: 220.0}, quality=Quality.PARTIAL, flags={Q.VOLTAGE_B: Quality.NOT_BCD})
    second = reading({Q.VOLTAGE_B: 221.0, Q.CURRENT_A: 1.5}, slot_at=NOON, flags={Q.VOLTAGE_B: Quality.STALE})
    assert writer.write([first]) == WriteReport(written=1)
    assert writer.write([second]) == WriteReport(completed=1)
    columns = ("voltage_a", "voltage_b", "current_a", "slot_at", "quality", "flags")
    expected = [(220.0, 221.0, 1.5, NOON, int(Quality.PARTIAL), {"voltage_b": 12})]
    assert stored(database, "electrical_reading", *columns) == expected
    assert writer.write([second]) == WriteReport(replayed=1)
    assert writer.write([first]) == WriteReport(replayed=1)
    assert stored(database, "electrical_reading", *columns) == expected


def test_a_differing_value_is_kept_beside_the_first_and_flagged(
    database: Connection, writer: ReadingWriter
) -> None:
    writer.write([reading({Q.ACTIVE_ENERGY_IMPORT: 100.0, Q.ACTIVE_ENERGY_IMPORT_T1: 40.0})])
    other = reading({Q.ACTIVE_ENERGY_IMPORT: 101.0, Q.ACTIVE_ENERGY_IMPORT_T1: 40.0})
    assert writer.write([other]) == WriteReport(conflicts=1)
    assert stored(database, "register_reading", "active_energy_import", "quality", "flags") == [
        (100.0, int(Quality.CONFLICT), {"active_energy_import": int(Quality.CONFLICT)})
    ]
    assert writer.write([other]) == WriteReport(conflicts=1)
    kept = database.execute("SELECT quantity, offered, stored, times FROM reading_conflict").fetchall()
    assert kept == [("active_energy_import", "101", "100", 2)]


def test_duplicates_within_one_batch_are_merged_like_messages_one_after_the_other(
    database: Connection, writer: ReadingWriter
) -> None:
    batch = [
        reading({Q.VOLTAGE_A: 220.0}),
        reading({Q.VOLTAGE_A: 220.0}),
        reading({Q.VOLTAGE_B: 221.0}),
        reading({Q.VOLTAGE_A: 230.0}),
        reading({Q.VOLTAGE_A: 240.0}, origin=Origin.PUSH),
        reading({Q.VOLTAGE_A: 219.0}, meter="m2"),
    ]
    assert writer.write(batch) == WriteReport(written=3, replayed=1, completed=1, conflicts=1)
    assert stored(database, "electrical_reading", "meter", "origin_name", "voltage_a", "voltage_b") == [
        ("m1", "present", 220.0, 221.0),
        ("m1", "push", 240.0, None),
        ("m2", "present", 219.0, None),
    ]


def test_a_flag_without_a_value_is_stored(database: Connection, writer: ReadingWriter) -> None:
    writer.write([reading({}, flags={Q.VOLTAGE_A: Quality.NOT_BCD})])
    assert stored(database, "electrical_reading", "voltage_a", "flags") == [
        (None, {"voltage_a": int(Quality.NOT_BCD)})
    ]


def test_numbers_that_a_column_cannot_hold_are_missing(database: Connection, writer: ReadingWriter) -> None:
    writer.write([reading({Q.VOLTAGE_A: 1e300, Q.VOLTAGE_B: float("inf"), Q.VOLTAGE_C: 220.0})])
    assert stored(database, "electrical_reading", "voltage_a", "voltage_b", "voltage_c") == [
        (None, None, 220.0)
    ]


def test_an_unknown_meter_costs_its_neighbours_nothing(database: Connection, writer: ReadingWriter) -> None:
    batch = [reading({Q.VOLTAGE_A: 1.0}, meter=m) for m in ("m1", "stranger", "m2", "stranger", "nul\0")]
    assert writer.write(batch) == WriteReport(written=2, unmatched=3)
    counted = {row.key: row.messages for row in list_unmatched(database)}
    assert counted == {"stranger": 2, "nul\ufffd": 1}
    add_meter(database, "stranger")
    assert writer.write(batch) == WriteReport(written=1, replayed=3, unmatched=1)


def test_counters_equal_the_meters_digits(database: Connection, writer: ReadingWriter) -> None:
    shown = [n / 100 for n in range(99_999_000, 99_999_100)]
    writer.write([reading({Q.ACTIVE_ENERGY_IMPORT: v}, at=NOON + n * SECOND) for n, v in enumerate(shown)])
    held = [row[0] for row in stored(database, "register_reading", "active_energy_import")]
    assert held == shown


def test_a_block_of_all_groups_is_written_like_its_snapshots(
    database: Connection, writer: ReadingWriter
) -> None:
    snapshots = [
        reading({Q.VOLTAGE_A: 1.0, Q.ACTIVE_ENERGY_IMPORT: 2.0}),
        reading({Q.VOLTAGE_A: 1.0}, meter="m2"),
        reading({Q.CURRENT_A: 1.0}, meter="stranger"),
    ]
    block = block_from_snapshots(snapshots, frozenset(Group))
    assert writer.write_block(block) == WriteReport(written=3, unmatched=1)
    assert writer.write(snapshots) == WriteReport(replayed=3, unmatched=1)
    assert b'"current_a":1.0' in list_unmatched(database)[0].last_payload


def test_two_writers_may_meet_on_the_same_readings(any_database_url: str, writer: ReadingWriter) -> None:
    batch = [reading({Q.VOLTAGE_A: 1.0}, at=NOON + n * SECOND) for n in range(20)]
    other = connect(any_database_url)
    try:
        assert writer.write(batch[:10]) == WriteReport(written=10)
        assert ReadingWriter(other).write(batch[::-1]) == WriteReport(written=10, replayed=10)
    finally:
        other.close()


def test_a_lost_connection_says_what_to_do(database: Connection, writer: ReadingWriter) -> None:
    database.close()
    with pytest.raises(StorageError, match=r"storing 1 readings: the database went away .* Next step"):
        writer.write([reading({Q.VOLTAGE_A: 1.0})])


def test_flags_merge_as_a_union_of_masks(database: Connection) -> None:
    merged = database.execute(
        "SELECT merge_flags(%s, %s), merge_flags(NULL, NULL), merge_flags(NULL, %s)",
        (Jsonb({"voltage_a": 8, "voltage_b": 1}), Jsonb({"voltage_a": 4}), Jsonb({"voltage_a": 2})),
    ).fetchone()
    assert merged == ({"voltage_a": 12, "voltage_b": 1}, None, {"voltage_a": 2})
