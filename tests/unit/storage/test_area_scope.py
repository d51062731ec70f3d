"""Row-level security: a connection of one area gets no row of another, whatever the query says."""

from __future__ import annotations

import logging

import psycopg
import pytest
from psycopg import sql

from pipeline.accounts import Role
from pipeline.model import EVERYTHING, Scope
from storage.accounts import insert_account
from storage.area_scope import HIDDEN, ROLE, RoleState, limited_to, prepare_scoped_role, role_state
from storage.database import Connection
from storage.registry import save_registry
from tests.fix_dashboard import NOW, city

ONE, OTHER, NONE = (Scope(frozenset(areas)) for areas in ({"TA-01"}, {"TA-02"}, set[str]()))


@pytest.fixture
def archive(database: Connection) -> Connection:
    """The city: 16 meters in TA-01, 14 in TA-02, with a little of everything that belongs to a place."""
    save_registry(database, city())
    for number, point, area in ((1, "SP-001", "TA-01"), (2, "SP-030", "TA-02")):
        meter = database.execute(
            "SELECT meter_id, id FROM installation JOIN meter USING (meter_id) WHERE service_point = %s",
            (point,),
        ).fetchone()
        assert meter is not None
        values = {
            "n": f"n{number}",
            "point": point,
            "area": area,
            "meter": meter[0],
            "name": meter[1],
            "at": NOW,
        }
        for statement in FILLED:
            database.execute(statement.encode(), values)
    return database


_EPISODE = """
    INSERT INTO episode (id, detector, version, meter, service_point, starts_at, detected_at, verdict,
                         severity, score, message, parameters, evidence)
    VALUES ({id}, 'd', 1, %(name)s, {point}, %(at)s, %(at)s, 'abnormal', 30, 1, 'm', '{{}}', '{{}}')
"""
FILLED = (
    _EPISODE.format(id="%(n)s", point="%(point)s"),
    _EPISODE.format(id="'m' || %(n)s", point="NULL"),  # a finding about the meter alone
    """INSERT INTO episode_feedback (episode, outcome, cause, given_by, given_at)
       VALUES (%(n)s, 'confirmed', '', '', %(at)s)""",
    """INSERT INTO inspection_case (id, place, meters, standing, starts_at, detected_at, probability,
                                    energy_kwh, visits, priority_kwh, episodes, hits)
       VALUES (%(n)s, 'p', '{}', 'open', %(at)s, %(at)s, 1, 1, 1, 1, ARRAY[%(n)s], '[]')""",
    """INSERT INTO read_request (bus, meter, kind, quantities, filed_by)
       VALUES ('b', %(name)s, 'present', '{}', 'somebody')""",
    "INSERT INTO temperature (area, day, mean_c) VALUES (%(area)s, %(at)s::timestamptz::date, 1)",
    "INSERT INTO transformer (id, area) VALUES (%(n)s, %(area)s)",
    "INSERT INTO asked_reading (asked_at, asked_by, meters) VALUES (%(at)s, 'somebody', ARRAY[%(name)s])",
    """INSERT INTO asked_reading_result (asked_id, meter, told)
       SELECT asked_id, %(name)s, '{}' FROM asked_reading WHERE meters = ARRAY[%(name)s]""",
    """INSERT INTO episode_change (episode, at, person, deed, detail)
       VALUES (%(n)s, %(at)s, 'p', 'noted', '')""",
    """INSERT INTO incident (id, cause, place, severity, state, starts_at, opened_at, reopened, areas,
                             signals, meters)
       VALUES (%(n)s, 'c', '', 30, 'open', %(at)s, %(at)s, 0, ARRAY[%(area)s], 1, 1)""",
    """INSERT INTO incident_signal (id, incident, source, what, severity, starts_at, area, facts)
       VALUES (%(n)s, %(n)s, 'episode', 'w', 30, %(at)s, %(area)s, '{}')""",
    """INSERT INTO incident_signal (id, incident, source, what, severity, starts_at, meter, facts)
       VALUES ('m' || %(n)s, %(n)s, 'episode', 'w', 30, %(at)s, %(name)s, '{}')""",
    """INSERT INTO notification (id, channel, route, language, content, state, planned_at, next_attempt_at)
       VALUES (%(n)s, 'c', 'r', 'zh', '{}', 'waiting', %(at)s, %(at)s)""",
    """INSERT INTO notification_about (incident, channel, reopened, occasion, severity, notification)
       VALUES (%(n)s, 'c', 0, 'opened', 30, %(n)s)""",
    "INSERT INTO notification_attempt (notification, number, started_at) VALUES (%(n)s, 1, %(at)s)",
    """INSERT INTO meter_parameter (meter_id, name, taken_at, last_at, value)
       VALUES (%(meter)s, 'p', %(at)s, %(at)s, '1')""",
)
"""A row of each kind for each of two places."""
HELD = (
    "area", "service_point", "installation", "meter", "episode", "episode_feedback", "inspection_case",
    "read_request", "temperature", "transformer", "meter_parameter", "asked_reading", "asked_reading_result",
    "episode_change", "incident", "incident_signal", "notification", "notification_about",
    "notification_attempt",
)  # fmt: skip
"""Tables that have rows of both areas in :func:`archive`."""


def rows(connection: Connection, table: str) -> set[str]:
    query = sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(table))
    return {row[0] for row in connection.execute(query).fetchall()}


@pytest.mark.parametrize("table", HELD)
def test_each_area_sees_its_own_rows_and_both_together_all(archive: Connection, table: str) -> None:
    every = rows(archive, table)
    with limited_to(archive, ONE):
        one = rows(archive, table)
    with limited_to(archive, OTHER):
        other = rows(archive, table)
    with limited_to(archive, NONE):
        assert rows(archive, table) == set()
    assert one
    assert other
    assert not one & other
    assert one | other == every
    with limited_to(archive, EVERYTHING):
        assert rows(archive, table) == every


def test_messages_of_meters_that_nobody_knows_are_told_to_whoever_sees_all(archive: Connection) -> None:
    archive.execute(
        "INSERT INTO unmatched_message (source, reason, key, first_seen_at, last_seen_at, last_payload) "
        "VALUES ('s', 'r', 'k', now(), now(), '')"
    )
    with limited_to(archive, ONE):
        assert rows(archive, "unmatched_message") == set()
    with limited_to(archive, EVERYTHING):
        assert len(rows(archive, "unmatched_message")) == 1


def test_it_ends_with_the_block_also_when_that_fails(archive: Connection) -> None:
    before = rows(archive, "meter")
    with pytest.raises(psycopg.Error), limited_to(archive, ONE):
        archive.execute("SELECT nonsense")
    assert rows(archive, "meter") == before
    assert archive.execute("SELECT current_user = session_user").fetchone() == (True,)


def test_questions_of_some_areas_are_not_compiled(archive: Connection) -> None:
    before = archive.execute("SHOW jit").fetchone()
    with limited_to(archive, ONE):
        assert archive.execute("SHOW jit").fetchone() == ("off",)
    assert archive.execute("SHOW jit").fetchone() == before


def test_nothing_of_another_area_is_written(archive: Connection) -> None:
    with limited_to(archive, ONE):
        assert archive.execute("UPDATE service_point SET name = 'mine'").rowcount == 16
        assert archive.execute("DELETE FROM episode_feedback").rowcount == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            archive.execute("UPDATE service_point SET area = 'TA-02'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            archive.execute(
                "INSERT INTO episode_feedback (episode, outcome, cause, given_by, given_at) "
                "VALUES ('n2', 'confirmed', '', '', now())"
            )


@pytest.mark.parametrize("table", HIDDEN)
def test_accounts_and_the_audit_are_out_of_reach(archive: Connection, table: str) -> None:
    insert_account(
        archive,
        name="wang",
        full_name="",
        role=Role.VIEWER,
        areas=None,
        password_hash="one",  # noqa: S106 - no password
        now=NOW,
    )
    with limited_to(archive, ONE), pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows(archive, table)


def test_views_do_not_lead_around_it(archive: Connection) -> None:
    archive.execute(
        """INSERT INTO bill (service_point, month, version, made_at, starts_at, ends_at, is_final, energy_kwh,
                             amount, currency, findings, document)
           SELECT id, '2026-10', 1, now(), now(), now(), true, 1, 1, 'CNY', '{}', '{}' FROM service_point"""
    )
    for view in ("bill", "bill_current", "bill_given_out"):
        every = rows(archive, view)
        with limited_to(archive, ONE):
            assert len(rows(archive, view)) == 16, view
        assert len(every) == 30, view


def test_without_the_role_queries_go_on_and_it_is_said(
    archive: Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("storage.area_scope.ROLE", "no_such_role_here")
    with limited_to(archive, ONE):
        assert len(rows(archive, "area")) == 2
    assert "row-level security is off" in caplog.text
    assert archive.execute("SELECT current_setting('kilowatch.areas', true)").fetchone() in {(None,), ("",)}


def test_the_role_cannot_log_in(archive: Connection) -> None:
    found = archive.execute(
        "SELECT rolcanlogin, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = %s", (ROLE,)
    )
    assert found.fetchone() == (False, False, False)


def test_who_may_not_give_rights_is_told_and_goes_on(
    archive: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    assert role_state(archive) is RoleState.READY
    archive.execute("REVOKE SELECT ON meter FROM kilowatch_scoped")
    assert role_state(archive) is RoleState.LOCKED_OUT
    archive.execute("SET ROLE pg_read_all_data")  # who reads, and owns nothing
    assert role_state(archive) is RoleState.OUT_OF_REACH
    assert not prepare_scoped_role(archive)
    assert "row-level security is off" in caplog.text
    caplog.clear()
    assert not prepare_scoped_role(archive, told=True)
    assert [record.levelname for record in caplog.records if record.levelno > logging.DEBUG] == []
    archive.execute("RESET ROLE")
    assert prepare_scoped_role(archive)
    assert role_state(archive) is RoleState.READY


def test_a_user_of_its_own_is_held_to_areas_once_the_role_is_granted(archive: Connection) -> None:
    user = sql.Identifier(f"kw_own_{archive.info.dbname}")
    try:
        for statement in (
            "CREATE ROLE {}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
            "SET SESSION AUTHORIZATION {}",
        ):
            archive.execute(sql.SQL(statement).format(user))
        assert role_state(archive) is RoleState.OUT_OF_REACH
        archive.execute("RESET SESSION AUTHORIZATION")
        archive.execute(sql.SQL("GRANT kilowatch_scoped TO {}").format(user))
        archive.execute(sql.SQL("SET SESSION AUTHORIZATION {}").format(user))
        assert role_state(archive) is RoleState.READY
        assert len(rows(archive, "meter")) == 30
        with limited_to(archive, ONE):
            assert len(rows(archive, "meter")) == 16
    finally:
        archive.execute("RESET SESSION AUTHORIZATION")
        for statement in ("DROP OWNED BY {}", "DROP ROLE {}"):
            archive.execute(sql.SQL(statement).format(user))
