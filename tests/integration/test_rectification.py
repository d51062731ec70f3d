"""Rectifications through the database: opened once, changed with a record, closed by a compliant retest."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.errors import DataError
from pipeline.rectification import Rectification, RectificationState
from reports.power_quality.write import write_report
from services.persons import Person
from services.rectification import (
    external_test,
    note_rectification,
    open_for_violations,
    open_rectification,
    rectifications_for_report,
    retest_rectification,
    violation_of,
    violations_in,
)
from storage.database import Connection
from storage.rectifications import changes_of, rectifications
from tests.fix_quality_month import BEGIN, judgements, quality_report

NOW = datetime(2026, 7, 3, 2, tzinfo=UTC)
LI = Person(account="li", host="office", name="Li")
DUE = date(2026, 9, 30)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    write_report(quality_report(), tmp_path / "june", pdf=False)
    return tmp_path / "june" / "report.json"


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "test.pdf"
    path.write_bytes(b"%PDF-1.7 measured")
    return path


def _opened(connection: Connection, report: Path) -> Rectification:
    point, (violation,) = violations_in(report)
    return open_rectification(
        connection, point, violation, responsible="Mill, electrical office", due=DUE, person=LI, now=NOW
    )


def test_a_violation_of_a_report_is_put_right_step_by_step(
    database: Connection, report: Path, document: Path
) -> None:
    opened = _opened(database, report)
    assert (opened.violation.check, opened.violation.subject) == ("harmonic_voltage", "h5")
    assert (opened.violation.value, opened.violation.limit) == (3.739, 3.2)
    note_rectification(database, opened.id, LI, NOW + timedelta(days=1), measures="reactors, 7 %")
    first = external_test(
        document, tester="Institute", qualification="CMA 1", dated=date(2026, 8, 1), compliant=False
    )
    note_rectification(database, opened.id, LI, NOW + timedelta(days=30), first_test=first)
    retest_rectification(database, opened.id, first, LI, NOW + timedelta(days=31))
    (under_way,) = rectifications(database, service_point="SP-1024")
    assert (under_way.state, under_way.measures) == (RectificationState.RETEST_FAILED, "reactors, 7 %")
    assert under_way.first_test == first
    assert first.sha256 == hashlib.sha256(b"%PDF-1.7 measured").hexdigest()
    passed = replace(first, dated=date(2026, 9, 18), compliant=True)
    closed = retest_rectification(database, opened.id, passed, LI, NOW + timedelta(days=80))
    assert closed.state is RectificationState.CLOSED
    assert rectifications(database) == []
    assert rectifications(database, closed_since=NOW) == [closed]
    record = changes_of(database, opened.id)
    assert [change.event for change in record] == ["opened", "noted", "noted", "retested", "retested"]
    assert {change.person for change in record} == {"Li (li@office)"}
    assert record[1].detail == "measures: - -> reactors, 7 %"
    assert "state: retest failed -> closed" in record[4].detail


def test_a_violation_is_put_right_once_though_it_goes_on_the_next_month(
    database: Connection, report: Path
) -> None:
    opened = _opened(database, report)
    with pytest.raises(DataError, match="being put right already"):
        _opened(database, report)
    july = replace(opened.violation, month=date(2026, 7, 1))
    with pytest.raises(DataError, match="being put right already"):
        open_rectification(database, "SP-1024", july, responsible="x", due=DUE, person=LI, now=NOW)
    # The transaction of the caller lives on, and nothing was recorded.
    assert len(changes_of(database, opened.id)) == 1


def test_a_month_judged_again_opens_nothing_that_is_under_way_or_was_closed(
    database: Connection, document: Path
) -> None:
    def open_all(month: date) -> list[str]:
        found = open_for_violations(
            database, "SP-1", month, judgements(), responsible="Li", due=DUE, person=LI, now=NOW
        )
        return [opened.violation.subject for opened in found]

    june = date(2026, 6, 1)
    assert open_all(june) == ["h5"]
    assert open_all(june) == open_all(date(2026, 7, 1)) == []
    (opened,) = rectifications(database, service_point="SP-1")
    test = external_test(
        document, tester="Institute", qualification="CMA 1", dated=date(2026, 7, 2), compliant=True
    )
    retest_rectification(database, opened.id, test, LI, NOW)
    assert open_all(june) == [], "it was closed for this month"
    assert open_all(date(2026, 8, 1)) == ["h5"], "a later month is another violation"


def test_a_report_shows_what_is_open_at_its_point_and_what_was_closed_since(
    database: Connection, report: Path, document: Path
) -> None:
    opened = _opened(database, report)
    assert rectifications_for_report(database, "SP-2", BEGIN) == []
    assert rectifications_for_report(database, "SP-1024", BEGIN) == [opened]
    passed = external_test(
        document, tester="Institute", qualification="CMA 1", dated=date(2026, 7, 5), compliant=True
    )
    closed = retest_rectification(database, opened.id, passed, LI, NOW + timedelta(days=3))
    assert rectifications_for_report(database, "SP-1024", NOW) == [closed]
    assert rectifications_for_report(database, "SP-1024", NOW + timedelta(days=29)) == []


def test_what_makes_no_sense_is_refused_with_the_way_out(
    database: Connection, report: Path, document: Path, tmp_path: Path
) -> None:
    opened = _opened(database, report)
    with pytest.raises(DataError, match="nothing of what you gave differs"):
        note_rectification(database, opened.id, LI, NOW, due=DUE)
    with pytest.raises(DataError, match="no rectification 'nobody'"):
        note_rectification(database, "nobody", LI, NOW, due=DUE)
    with pytest.raises(DataError, match="cannot be due on 2026-07-01"):
        open_rectification(
            database,
            "SP-2",
            opened.violation,
            responsible="x",
            due=date(2026, 7, 1),
            person=LI,
            now=NOW,
        )
    with pytest.raises(DataError, match="qualification"):
        external_test(document, tester="a", qualification=" ", dated=DUE, compliant=True)
    with pytest.raises(DataError, match=r"gone\.pdf"):
        external_test(tmp_path / "gone.pdf", tester="a", qualification="b", dated=DUE, compliant=True)
    with pytest.raises(DataError, match=r"only a violation is put right"):
        violation_of(judgements()[1], date(2026, 6, 1))


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"service_point": 1, "month": "x", "verdicts": []}', "\x00"]
)
def test_a_file_that_is_no_report_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"report\.json: expected the report\.json"):
        violations_in(path)


def test_a_report_without_such_a_violation_says_so(report: Path) -> None:
    with pytest.raises(DataError, match="no violation of unbalance"):
        violations_in(report, check="unbalance")
