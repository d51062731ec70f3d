"""The doctor tells whether the database keeps accounts to their areas, has memory, and keeps characters."""

from __future__ import annotations

import dataclasses

import pytest

from services.doctor import database as checks
from services.doctor.database import area_scope, database_memory, database_text
from services.doctor.finding import Grade
from services.doctor.machine import Machine
from storage.database import Connection
from storage.doctor_questions import server_facts


def test_who_may_not_read_or_may_not_take_the_role_is_told_what_to_do(database: Connection) -> None:
    machine = Machine()
    machine.__dict__["database"] = database  # as it stands after the first look
    ((grade, _, _),) = area_scope(machine)
    assert grade is Grade.OK
    database.execute("REVOKE SELECT ON meter FROM kilowatch_scoped")
    assert list(area_scope(machine)) == [
        (Grade.FAULT, "accounts with areas may read nothing", "run 'kilowatch db migrate'")
    ]
    database.execute("SET ROLE pg_read_all_data")  # a user of its own, to whom nobody granted the role
    ((grade, _, step),) = area_scope(machine)
    assert grade is Grade.WARNING
    assert step.startswith("as a superuser, GRANT kilowatch_scoped TO ")


def on(database: Connection) -> Machine:
    machine = Machine()
    machine.__dict__["database"] = database
    return machine


@pytest.mark.parametrize(
    ("size_gb", "buffers_mb", "grade"),
    [
        (1, 128, Grade.OK),  # a trial
        (3, 128, Grade.WARNING),
        (3, 2048, Grade.OK),
        (500, 64, Grade.WARNING),
    ],
)
def test_the_memory_of_a_fresh_server_under_a_large_archive_is_told(
    database: Connection, monkeypatch: pytest.MonkeyPatch, size_gb: int, buffers_mb: int, grade: Grade
) -> None:
    facts = dataclasses.replace(
        server_facts(database), size_bytes=size_gb * 1024**3, shared_buffers_bytes=buffers_mb * 1024**2
    )
    monkeypatch.setattr(checks, "server_facts", lambda _connection: facts)
    ((found, says, step),) = database_memory(on(database))
    assert found is grade
    assert f"{buffers_mb} MB" in says
    assert ("ops/postgresql/kilowatch.conf" in step) == (grade is Grade.WARNING)


def test_the_servers_own_figures_are_read(database: Connection) -> None:
    facts = server_facts(database)
    wanted = database.execute("SELECT setting::bigint * 8192 FROM pg_settings WHERE name = 'shared_buffers'")
    assert wanted.fetchone() == (facts.shared_buffers_bytes,)
    assert facts.encoding == "UTF8"
    ((grade, _, _),) = database_text(on(database))
    assert grade is Grade.OK


def test_a_database_of_bytes_is_a_fault(database: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = dataclasses.replace(server_facts(database), encoding="SQL_ASCII")
    monkeypatch.setattr(checks, "server_facts", lambda _connection: facts)
    ((grade, says, step),) = database_text(on(database))
    assert grade is Grade.FAULT
    assert "SQL_ASCII" in says
    assert "kilowatch db user" in step
