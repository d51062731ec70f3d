"""The audit: lines are added and read, and the database itself refuses anything else."""

from __future__ import annotations

import psycopg
import pytest

from storage.access_events import access_event_total, access_events, add_event, event_kinds
from storage.database import Connection
from tests.fix_dashboard import NOW


@pytest.fixture(autouse=True)
def _lines(database: Connection) -> None:
    for event, account in (("login", "wang"), ("logout", "wang"), ("login", "li")):
        add_event(database, event, NOW, account=account, address="192.0.2.7", after={"n": 1})


def test_lines_come_newest_first_and_are_narrowed(database: Connection) -> None:
    assert [line.account for line in access_events(database)] == ["li", "wang", "wang"]
    assert [line.event for line in access_events(database, account="wang")] == ["logout", "login"]
    assert [line.account for line in access_events(database, event="login", limit=1, offset=1)] == ["wang"]
    assert access_event_total(database) == 3
    assert access_event_total(database, event="login", account="li") == 1
    assert event_kinds(database) == ["login", "logout"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE access_event SET account = 'nobody'",
        "DELETE FROM access_event",
        "TRUNCATE access_event",
        "INSERT INTO access_event SELECT 99, at, event, account, address, subject FROM access_event",
    ],
)
def test_no_line_is_changed_removed_or_numbered_by_hand(database: Connection, statement: str) -> None:
    before = access_events(database)
    with pytest.raises(psycopg.Error):
        database.execute(statement.encode())
    assert access_events(database) == before
