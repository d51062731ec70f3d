"""Rectifications from the command."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.power_quality.write import write_report
from tests.fix_quality_month import quality_report
from tests.unit.cli.invoke import Invoke

FAR = "2099-12-31"


@pytest.fixture
def report(plain_database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", plain_database_url)
    write_report(quality_report(), tmp_path, pdf=False)
    (tmp_path / "test.pdf").write_bytes(b"%PDF-")
    return tmp_path / "report.json"


def test_a_violation_is_opened_noted_and_closed(kilowatch: Invoke, report: Path) -> None:
    (opened,) = kilowatch(
        "rectify", "open", str(report), "--due", FAR, "--responsible", "Li", "--name", "Wang", "--json"
    ).lines
    assert (opened["state"], opened["violation_subject"], opened["due"]) == ("open", "h5", FAR)
    number = opened["id"]
    assert kilowatch("rectify", "note", number, "--measures", "reactors").status == 0
    measured = ["--report", str(report.parent / "test.pdf"), "--tester", "Li", "--qualification", "CMA 2"]
    noted = kilowatch("rectify", "note", number, *measured, "--dated", "2026-07-02")
    assert (noted.status, "CMA 2" in noted.out) == (0, True)
    listed = kilowatch("rectify", "list")
    assert number in listed.out
    test = ["--report", str(report.parent / "test.pdf"), "--tester", "Institute", "--qualification", "CMA 1"]
    (closed,) = kilowatch(
        "rectify", "retest", number, "compliant", *test, "--dated", "2026-07-20", "--json"
    ).lines
    assert closed["state"] == "closed"
    assert kilowatch("rectify", "list", "--json").lines == []
    assert [line["id"] for line in kilowatch("rectify", "list", "--all", "--json").lines] == [number]
    record = kilowatch("rectify", "history", number, "--json").lines
    assert [line["event"] for line in record] == ["opened", "noted", "noted", "retested"]
    assert "Wang" in record[0]["person"]


def test_what_is_under_way_is_told_with_status_1(kilowatch: Invoke, report: Path) -> None:
    words = ("rectify", "open", str(report), "--due", FAR, "--responsible", "Li")
    assert kilowatch(*words).status == 0
    again = kilowatch(*words)
    assert again.status == 1
    assert "being put right already" in again.err


def test_a_test_without_its_day_is_wrong_usage(kilowatch: Invoke, report: Path) -> None:
    ran = kilowatch("rectify", "note", "0a1b", "--report", str(report.parent / "test.pdf"))
    assert ran.status == 2
    assert "--dated" in ran.err


def test_an_unknown_number_is_named(kilowatch: Invoke, report: Path) -> None:
    assert report.exists()
    ran = kilowatch("rectify", "history", "nobody")
    assert ran.status == 1
    assert "no rectification 'nobody'" in ran.err
