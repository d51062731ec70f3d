"""``kilowatch db``: how long tables are kept is shown, set and taken back."""

import json

import pytest

from tests.unit.cli.invoke import Invoke


@pytest.fixture
def on_database(kilowatch: Invoke, plain_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """The command with a database; the fixture it builds on takes away what the environment names."""
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", plain_database_url)
    return kilowatch


def test_a_retention_is_set_shown_and_taken_back(on_database: Invoke) -> None:
    before = json.loads(on_database("db", "retention", "--json").out)
    assert {name: days for name, days in before.items() if days is not None} == {
        "incident_days": 1095.0,
        "notification_days": 180.0,
        "raw_frame_days": 7.0,
    }
    after = json.loads(on_database("db", "retention", "electrical_reading", "--days", "730", "--json").out)
    assert after == {**before, "electrical_reading_days": 730.0}
    assert (
        json.loads(on_database("db", "retention", "electrical_reading", "--forever", "--json").out) == before
    )


def test_a_table_that_does_not_exist_is_named_with_those_that_do(on_database: Invoke) -> None:
    ran = on_database("db", "retention", "readings", "--days", "30")
    assert ran.status == 1
    assert "'readings'" in ran.err
    assert "electrical_reading" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [["electrical_reading"], ["electrical_reading", "--days", "1", "--forever"]],
    ids=" ".join,
)
def test_half_an_order_is_wrong_usage(kilowatch: Invoke, arguments: list[str]) -> None:
    ran = kilowatch("db", "retention", *arguments)
    assert ran.status == 2
    assert "--forever" in ran.err
