"""What only TimescaleDB's community edition has: compression, policies, continuous aggregates, late rows."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import LiteralString

import pytest

from pipeline.model import MeterId, Scope
from pipeline.registry import Area, Meter, Registry, ServicePoint
from storage.area_scope import limited_to
from storage.database import Connection, Level, server_level
from storage.final_edits import SlotOfEnergy, edit_final
from storage.migrate import available_migrations, migrate
from storage.registry import load_registry, save_registry
from storage.retention import apply_retention, set_retention
from tests.community.conftest import session

pytestmark = pytest.mark.community

START = datetime(2026, 1, 5, tzinfo=UTC)


def insert_voltage(connection: Connection, at: datetime, volts: float) -> int:
    """Insert as the writer's stage does; returns 1 for a new row, 0 for one that was there."""
    return connection.execute(
        "INSERT INTO electrical_reading (meter_id, taken_at, origin, received_at, voltage_a) "
        "VALUES (1, %s, 0, %s, %s) ON CONFLICT DO NOTHING",
        (at, at, volts),
    ).rowcount


def insert_interval(connection: Connection, at: datetime, version: int, energy: float) -> None:
    connection.execute(
        "INSERT INTO interval (starts_at, computed_at, meter_id, minutes, version, quality, method, "
        "import_kwh) VALUES (%s, %s, 1, 15, %s, 'A', 'measured', %s)",
        (at, at, version, energy),
    )


def compress(connection: Connection, table: str) -> int:
    chunks = connection.execute("SELECT compress_chunk(c) FROM show_chunks(%s) AS c", (table,)).fetchall()
    return len(chunks)


def test_the_schema_comes_up_once_with_its_policies(community: Connection) -> None:
    assert server_level(community) is Level.COMMUNITY
    assert migrate(community).applied == ()
    jobs = community.execute(
        "SELECT proc_name, count(*) FROM timescaledb_information.jobs WHERE job_id >= 1000 GROUP BY 1"
    ).fetchall()
    assert dict(jobs) == {
        "policy_compression": 6,
        "policy_refresh_continuous_aggregate": 2,
        "policy_retention": 1,
    }


def test_an_older_schema_is_brought_up_to_date_with_its_sums_by_day(empty_community_url: str) -> None:
    first_applied = [migration for migration in available_migrations() if migration.version <= 50]
    kept = b"SELECT meter_id, day, status, reads FROM coverage_day WHERE reads > 0 ORDER BY 1, 2, 3"
    counted = (
        b"SELECT meter_id, (slot_at AT TIME ZONE zone)::date, status, count(*) FROM coverage "
        b"JOIN meter USING (meter_id) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
    with closing(session(empty_community_url)) as connection:
        connection.execute("CREATE EXTENSION timescaledb")
        migrate(connection, first_applied)
        save_registry(connection, Registry(meters=[Meter(id=MeterId(name)) for name in ("M1", "M2")]))
        connection.execute(
            "INSERT INTO coverage (meter_id, slot_at, quantity_group, status, attempts) "
            "SELECT meter_id, slot_at, 'register', 'got', 1 FROM meter, "
            "generate_series(%s, %s, INTERVAL '1 hour') AS slot_at",
            (START, START + timedelta(days=3)),
        )
        connection.execute("UPDATE meter SET zone = 'Asia/Urumqi' WHERE id = 'M2'")
        assert connection.execute(kept).fetchall() != connection.execute(counted).fetchall()
        assert migrate(connection).applied
        connection.execute(
            "UPDATE coverage SET status = 'missing' WHERE slot_at < %s", (START + timedelta(days=1),)
        )
        connection.execute("UPDATE meter SET zone = 'UTC' WHERE id = 'M1'")
        connection.execute("DELETE FROM coverage WHERE slot_at > %s", (START + timedelta(days=2),))
        assert connection.execute(kept).fetchall() == connection.execute(counted).fetchall()


def test_late_rows_enter_compressed_chunks_once_and_fill_gaps_there(community: Connection) -> None:
    for n in range(200):
        insert_voltage(community, START + n * timedelta(hours=1), 220 + n / 10)
    assert compress(community, "electrical_reading") >= 2
    late = START + timedelta(minutes=30)
    assert insert_voltage(community, late, 230.0) == 1
    assert insert_voltage(community, late, 231.0) == 0
    assert insert_voltage(community, START, 1.0) == 0
    community.execute(
        "UPDATE electrical_reading SET voltage_b = coalesce(voltage_b, 5), quality = quality | 64 "
        "WHERE meter_id = 1 AND taken_at = %s",
        (START,),
    )
    rows = community.execute(
        "SELECT voltage_a, voltage_b, quality FROM electrical_reading WHERE taken_at <= %s ORDER BY taken_at",
        (late,),
    ).fetchall()
    assert rows == [(220.0, 5.0, 64), (230.0, None, 0)]


def test_daily_energy_follows_newer_versions_of_intervals(community: Connection) -> None:
    midnight = datetime(2026, 1, 4, 16, tzinfo=UTC)  # 00:00 in Shanghai
    for n in range(-1, 97):
        insert_interval(community, midnight + n * timedelta(minutes=15), 0, 1.0)
    question = "SELECT day_starts_at, import_kwh, slots_known FROM energy_day ORDER BY 1"
    day = timedelta(days=1)
    expected = [(midnight - day, 1.0, 1), (midnight, 96.0, 96), (midnight + day, 1.0, 1)]
    assert community.execute(question).fetchall() == expected
    for view in ("interval_slot", "energy_day"):
        community.execute(f"CALL refresh_continuous_aggregate('{view}', NULL, NULL)".encode())
    assert compress(community, "interval") >= 1
    insert_interval(community, midnight, 1, 5.0)
    for view in ("interval_slot", "energy_day"):
        community.execute(f"CALL refresh_continuous_aggregate('{view}', NULL, NULL)".encode())
    assert community.execute(question).fetchall()[1] == (midnight, 100.0, 96)


def test_tables_are_compressed_by_meter(community: Connection) -> None:
    rows = community.execute(
        "SELECT hypertable_name, attname FROM timescaledb_information.compression_settings "
        "WHERE segmentby_column_index = 1 ORDER BY 1"
    ).fetchall()
    assert {column for _, column in rows} == {"meter_id"}
    assert [table for table, _ in rows] == [
        "coverage",
        "electrical_reading",
        "final_interval",
        "interval",
        "register_reading",
        "spectrum_reading",
    ]


def test_a_late_actual_and_an_edit_enter_compressed_intervals_and_count(community: Connection) -> None:
    save_registry(community, Registry(meters=[Meter(id=MeterId("M1"))]))
    insert_interval(community, START, 0, 1.0)
    later = START + timedelta(minutes=15)
    insert_interval(community, later, 0, 1.0)
    slot = SlotOfEnergy(meter=MeterId("M1"), starts_at=START, minutes=15, energy="import_kwh")
    edit_final(community, slot, 7.0, author="wang", note="photo", made_at=START)
    assert compress(community, "interval") >= 1
    assert compress(community, "final_interval") >= 1
    insert_interval(community, later, 1, 3.0)
    edit_final(community, slot, 8.0, author="wang", note="a better photo", made_at=START)
    rows = community.execute("SELECT value, raw_value FROM interval_final ORDER BY starts_at").fetchall()
    assert rows == [(8.0, 1.0), (3.0, 3.0)]


def test_a_retention_becomes_a_policy_and_goes_away_again(community: Connection) -> None:
    insert_voltage(community, START, 220.0)
    insert_voltage(community, START + timedelta(days=90), 220.0)
    jobs = (
        "SELECT count(*) FROM timescaledb_information.jobs "
        "WHERE proc_name = 'policy_retention' AND hypertable_name = 'electrical_reading'"
    )
    set_retention(community, "electrical_reading", timedelta(days=30))
    assert community.execute(jobs).fetchone() == (1,)
    assert apply_retention(community, START + timedelta(days=100)) == {
        "electrical_reading": 1,
        "incident": 0,
        "notification": 0,
        "raw_frame": 0,
    }
    set_retention(community, "electrical_reading", None)
    assert community.execute(jobs).fetchone() == (0,)


def test_the_archive_is_saved_and_read_back(community: Connection) -> None:
    registry = Registry(meters=[Meter(id=MeterId("M1"))])
    assert save_registry(community, registry).changed["meter"] == 1
    assert load_registry(community).meters == registry.meters


REGISTERS = """
    INSERT INTO register_reading (meter_id, taken_at, received_at, slot_at, origin, active_energy_import,
        active_energy_import_t1, active_energy_export, reactive_energy_q1)
    WITH load AS (
        SELECT meter, slot_at, random() * 2 AS kwh, random() * 20 * INTERVAL '1 second' AS late
        FROM generate_series(1, 40) AS meter,
             generate_series(%(start)s::timestamptz, %(start)s + INTERVAL '167 hours', '15 min') AS slot_at
    ), register AS (
        SELECT *, 1000 * meter + sum(kwh) OVER (PARTITION BY meter ORDER BY slot_at) AS total_kwh FROM load
    )
    SELECT meter, slot_at + late, slot_at + late, slot_at, 0, round(total_kwh::numeric, 2),
           round(total_kwh::numeric / 4, 2), 0, round(total_kwh::numeric * 0.3, 2)
    FROM register
"""
LEDGER = """
    INSERT INTO coverage (meter_id, quantity_group, slot_at, status, attempts)
    SELECT meter, 'register', slot_at,
           (CASE WHEN random() < 0.99 THEN 'got' ELSE 'missing' END)::coverage_status, 18
    FROM generate_series(1, 40) AS meter,
         generate_series(%(start)s::timestamptz, %(start)s + INTERVAL '167 hours', '15 min') AS slot_at
"""


@pytest.mark.parametrize(
    ("table", "rows", "times"), [("register_reading", REGISTERS, 3), ("coverage", LEDGER, 20)]
)
def test_a_week_of_forty_meters_takes_many_times_less_when_it_is_compressed(
    community: Connection, table: str, rows: LiteralString, times: int
) -> None:
    community.execute("SELECT setseed(0.645)")
    community.execute(rows, {"start": START})
    for (chunk,) in community.execute("SELECT show_chunks(%s::regclass)", (table,)).fetchall():
        community.execute("SELECT compress_chunk(%s::regclass)", (chunk,))
    row = community.execute(
        "SELECT sum(before_compression_total_bytes), sum(after_compression_total_bytes) "
        "FROM chunk_compression_stats(%s::regclass)",
        (table,),
    ).fetchone()
    assert row is not None
    before, after = row
    assert before > times * after


def test_row_level_security_holds_beside_compression(community: Connection) -> None:
    areas = [Area(id="TA-01"), Area(id="TA-02")]
    points = [ServicePoint(id="SP-1", area="TA-01"), ServicePoint(id="SP-2", area="TA-02")]
    save_registry(community, Registry(areas=areas, service_points=points))
    insert_voltage(community, START, 230.0)
    assert compress(community, "electrical_reading") == 1
    with limited_to(community, Scope(frozenset({"TA-01"}))):
        assert community.execute("SELECT id FROM service_point").fetchall() == [("SP-1",)]
        assert community.execute("SELECT count(*) FROM electrical_reading").fetchone() == (1,)
        assert community.execute("SELECT count(*) FROM energy_day").fetchone() == (0,)
    assert len(community.execute("SELECT id FROM service_point").fetchall()) == 2
