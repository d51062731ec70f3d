"""A backup of the community edition comes back with its compressed partitions, policies and aggregates.

The steps are those of ``services/backup.py`` with its options. Its one snapshot for sums and dump needs two
sessions, which this server has not; and rows come as INSERT, a whole table in one as with COPY.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from services.backup import DUMP_OPTIONS, RESTORE_OPTIONS
from services.postgresql_programs import libpq_environment, program_for
from storage.backup_questions import begin_restore, end_restore, extension_version, table_sums
from storage.database import Connection
from storage.migrate import migrate
from tests.community.conftest import session

pytestmark = pytest.mark.community

START = datetime(2026, 1, 5, tzinfo=UTC)
POSTGRESQL = 17
CHUNKS = """
SELECT hypertable_name, is_compressed, count(*) FROM timescaledb_information.chunks
GROUP BY 1, 2 ORDER BY 1, 2
"""
JOBS = """
SELECT proc_name, hypertable_name, schedule_interval, config - 'mat_hypertable_id' - 'hypertable_id' FROM
timescaledb_information.jobs WHERE job_id >= 1000 ORDER BY 1, 2
"""
ENERGY = "SELECT * FROM energy_day ORDER BY 1, 2, 3"


def fill(connection: Connection) -> None:
    """Write two weeks of voltages, half of them compressed, and a day of energy that is summed up."""
    connection.execute(
        "INSERT INTO electrical_reading (meter_id, taken_at, origin, received_at, voltage_a) "
        "SELECT 1, t, 0, t, 230 FROM generate_series(%s, %s, INTERVAL '1 hour') AS t",
        (START, START + timedelta(days=14)),
    )
    connection.execute(
        "SELECT compress_chunk(c) FROM show_chunks('electrical_reading', older_than => %s) AS c",
        (START + timedelta(days=7),),
    )
    connection.execute(
        "INSERT INTO interval (starts_at, computed_at, meter_id, minutes, version, quality, method, "
        "import_kwh) SELECT t, t, 1, 15, 0, 'A', 'measured', 1.5 "
        "FROM generate_series(%s, %s, INTERVAL '15 min') AS t",
        (START, START + timedelta(days=2)),
    )
    for view in ("interval_slot", "energy_day"):
        connection.execute(f"CALL refresh_continuous_aggregate('{view}', NULL, NULL)".encode())


def run(name: str, url: str, *options: str) -> None:
    """Run one of PostgreSQL's programs against a server."""
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own
        [str(program_for(name, POSTGRESQL)), *options],
        env={**os.environ, **libpq_environment(url)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def told(connection: Connection) -> list[object]:
    return [connection.execute(question).fetchall() for question in (CHUNKS, JOBS, ENERGY)]


def test_a_backup_comes_back_compressed_with_its_policies_and_aggregates(
    community_url: str, empty_community_url: str, tmp_path: Path
) -> None:
    file = str(tmp_path / "community.dump")
    with closing(session(community_url)) as connection:
        fill(connection)
        before, sums = told(connection), table_sums(connection)
        version = extension_version(connection)
        assert connection.info.server_version // 10_000 == POSTGRESQL
    assert version is not None
    run("pg_dump", community_url, *DUMP_OPTIONS, "--rows-per-insert=100000", f"--file={file}")
    with closing(session(empty_community_url)) as connection:
        begin_restore(connection, version)
    run("pg_restore", empty_community_url, *RESTORE_OPTIONS, "--no-comments", "--dbname=postgres", file)
    with closing(session(empty_community_url)) as connection:
        end_restore(connection)
        assert table_sums(connection) == sums
        assert told(connection) == before
        assert ("electrical_reading", True) in {row[:2] for row in connection.execute(CHUNKS).fetchall()}
        assert migrate(connection).applied == ()
        works_on(connection)


def works_on(connection: Connection) -> None:
    """A late row enters a compressed partition, a new one gets its own, and an aggregate follows."""
    insert = (
        "INSERT INTO electrical_reading (meter_id, taken_at, origin, received_at, voltage_a) "
        "VALUES (1, %s, 0, now(), 1)"
    )
    for at in (START + timedelta(minutes=5), START + timedelta(days=400)):
        connection.execute(insert, (at,))
    with pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute(insert, (START,))
    connection.execute("UPDATE interval SET import_kwh = 10 WHERE starts_at = %s", (START,))
    for view in ("interval_slot", "energy_day"):
        connection.execute(f"CALL refresh_continuous_aggregate('{view}', NULL, NULL)".encode())
    ((total,),) = connection.execute("SELECT sum(import_kwh) FROM energy_day").fetchall()
    assert total == pytest.approx(192 * 1.5 + 10)
