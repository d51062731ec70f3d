"""Reads taken by hand: filed by one person, approved by another, stored once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.errors import DataError, NotAllowedError
from pipeline.model import EVERYTHING, MeterId, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Registry
from services.hand_reads import approve_reads, file_reads, pending_reads, refuse_reads
from services.persons import Person
from storage.database import Connection
from storage.hand_reads import hand_batches
from storage.readings import reading_series
from storage.registry import save_registry
from storage.vee_findings import StoredFinding, findings
from storage.writer import ReadingWriter

M = MeterId("M")
NOW = datetime(2026, 1, 10, tzinfo=UTC)
LI, WANG = Person(account="li", host="desk"), Person(account="wang", host="desk", name="Wang")
READS = """meter_id,taken_at,active_energy_import,active_energy_import_t1
M,2026-01-05T08:00+08:00,12.5,3.25
"""


@pytest.fixture
def archive(database: Connection) -> Connection:
    save_registry(database, Registry(meters=[Meter(id=M)]))
    return database


def _file(tmp_path: Path, text: str = READS) -> Path:
    path = tmp_path / "reads.csv"
    path.write_text(text, "utf-8")
    return path


def _stored(connection: Connection) -> list[float]:
    series = reading_series(
        connection,
        [Quantity.ACTIVE_ENERGY_IMPORT],
        scope=EVERYTHING,
        starts_at=datetime(2026, 1, 1, tzinfo=UTC),
        ends_at=NOW,
        meters=[M],
    )
    return [float(value) for value in series.values[Quantity.ACTIVE_ENERGY_IMPORT]]


def _findings(connection: Connection) -> list[StoredFinding]:
    return findings(connection, scope=EVERYTHING, starts_at=datetime(2026, 1, 1, tzinfo=UTC), ends_at=NOW)


def test_reads_become_readings_only_when_a_second_person_approves(
    archive: Connection, tmp_path: Path
) -> None:
    filed = file_reads(archive, _file(tmp_path), LI, NOW)
    assert (filed.filed, filed.refused) == (1, ())
    assert [(b.batch, b.reads, b.file) for b in pending_reads(archive)] == [(filed.batch, 1, "reads.csv")]
    assert _stored(archive) == []
    with pytest.raises(NotAllowedError, match=r"filed by li .* takes another person"):
        approve_reads(archive, filed.batch, LI, NOW)
    assert _stored(archive) == []
    assert approve_reads(archive, filed.batch, WANG, NOW, "seen the photo") == 1
    assert _stored(archive) == [12.5]
    origins = archive.execute("SELECT origin_name FROM register_reading_named").fetchall()
    assert origins == [("manual",)]
    (record,) = hand_batches(archive)
    assert (record.state, record.imported_by[0], record.note) == ("approved", "li", "seen the photo")
    assert record.decided_by is not None
    assert list(record.decided_by) == ["wang", "", "desk", "Wang"]


def test_who_has_the_same_login_is_the_same_person(archive: Connection, tmp_path: Path) -> None:
    filed = file_reads(archive, _file(tmp_path), LI, NOW)
    with pytest.raises(NotAllowedError):
        approve_reads(archive, filed.batch, Person(account="root", login="li"), NOW)


def test_the_same_file_again_files_nothing_and_a_decision_stands(archive: Connection, tmp_path: Path) -> None:
    batch = file_reads(archive, _file(tmp_path), LI, NOW).batch
    again = file_reads(archive, _file(tmp_path), WANG, NOW)
    assert (again.batch, again.filed) == (batch, 0)
    assert refuse_reads(archive, batch, LI, NOW, "wrong street") == 1
    with pytest.raises(NotAllowedError, match="was refused by li"):
        approve_reads(archive, batch, WANG, NOW)
    assert _stored(archive) == []
    assert pending_reads(archive) == []


def test_a_read_that_differs_from_the_systems_is_a_finding_until_it_is_refused(
    archive: Connection, tmp_path: Path
) -> None:
    for day, register in ((4, 10.0), (6, 12.0)):
        at = datetime(2026, 1, day, tzinfo=UTC)
        values = {Quantity.ACTIVE_ENERGY_IMPORT: register}
        ReadingWriter(archive).write([Snapshot(meter=M, taken_at=at, received_at=at, values=values)])
    # 12 by hand lies between 10 and 12; 21 does not. Of the tariff register the system has no read.
    fitting = file_reads(archive, _file(tmp_path, READS.replace("12.5,", "12,")), LI, NOW)
    assert (fitting.filed, fitting.differences) == (1, ())
    differing = file_reads(archive, _file(tmp_path, READS.replace("12.5,", "21,")), LI, NOW)
    assert differing.filed == 1
    (told,) = differing.differences
    assert "active_energy_import: expected 10 to 12 kWh, came 21 kWh" in told
    (stored,) = _findings(archive)
    assert (stored.rule, stored.meter, stored.energy) == ("hand_read", "M", "active_energy_import")
    refuse_reads(archive, differing.batch, LI, NOW)
    assert _findings(archive) == []


def test_a_row_that_is_no_read_costs_the_others_nothing(archive: Connection, tmp_path: Path) -> None:
    text = READS + (
        "X,2026-01-05T08:00+08:00,1,\nM,2026-01-06T08:00+08:00,-1,\nM,2026-02-06T08:00+08:00,1,\n"
        "M,2026-01-07T08:00+08:00,,\n"
    )
    filed = file_reads(archive, _file(tmp_path, text), LI, NOW)
    assert filed.filed == 1
    reasons = ("not in the archive", "never below zero", "in the future", "no register")
    for reason, told in zip(reasons, filed.refused, strict=True):
        assert reason in told


def test_rows_of_a_meter_that_came_to_the_archive_later_wait_for_a_decision_of_their_own(
    archive: Connection, tmp_path: Path
) -> None:
    path = _file(tmp_path, READS + "N,2026-01-05T08:00+08:00,7,\n")
    batch = file_reads(archive, path, LI, NOW).batch
    approve_reads(archive, batch, WANG, NOW)
    save_registry(archive, Registry(meters=[Meter(id=MeterId("N"))]))
    later = file_reads(archive, path, WANG, NOW)
    assert (later.filed, later.refused) == (1, ())
    with pytest.raises(NotAllowedError, match="filed by Wang"):
        approve_reads(archive, batch, WANG, NOW)
    assert approve_reads(archive, batch, LI, NOW) == 1
    assert sorted(b.state for b in hand_batches(archive)) == ["approved", "approved"]


def test_a_batch_that_is_none_and_a_file_without_registers_are_told(
    archive: Connection, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="no batch 'ffff'"):
        approve_reads(archive, "ffff", WANG, NOW)
    with pytest.raises(DataError, match="no column is an energy register"):
        file_reads(
            archive, _file(tmp_path, "meter_id,taken_at,voltage_a\nM,2026-01-05T08:00+08:00,1\n"), LI, NOW
        )
