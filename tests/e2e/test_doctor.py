"""``kilowatch doctor`` as a user runs it."""

from __future__ import annotations

from tests.e2e.command import kilowatch


def test_it_says_what_to_do_and_ends_with_one_where_something_is_wrong() -> None:
    ran = kilowatch("doctor")
    assert ran.status == 1
    assert "FAULT   settings: no database is named" in ran.out
    assert "-> set KILOWATCH_DATABASE_URL" in ran.out


def test_programs_get_one_object_a_finding(database_url: str) -> None:
    ran = kilowatch("doctor", "--json", settings={"KILOWATCH_DATABASE_URL": database_url})
    found = {line["check"]: line for line in ran.lines}
    assert found["schema"]["grade"] == "ok"
    assert set(found["schema"]) == {"check", "grade", "says", "next_step"}
    assert ran.status == (1 if any(line["grade"] == "fault" for line in ran.lines) else 0)
