"""Detection on files: what is printed, and what a bad row says."""

from pathlib import Path

import pytest

from tests.unit.cli.invoke import Invoke

HEADER = "meter_id,starts_at,minutes,import_kwh\n"


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    site = tmp_path / "site.toml"
    site.write_text('[[meter]]\nid = "M1"\n', encoding="utf-8")
    return [*("--registry", str(site)), *("--out", str(tmp_path / "out.jsonl"))]


def test_quiet_days_give_an_empty_list_and_an_empty_file(
    kilowatch: Invoke, options: list[str], tmp_path: Path
) -> None:
    intervals = tmp_path / "intervals.csv"
    intervals.write_text(HEADER + "M1,2026-01-01T00:00Z,15,1\n", encoding="utf-8")
    ran = kilowatch("detect", "--intervals", str(intervals), *options)
    assert ran.status == 0
    assert "0 episodes" in ran.out
    assert (tmp_path / "out.jsonl").read_bytes() == b""


def test_a_bad_row_is_told_with_its_place(kilowatch: Invoke, options: list[str], tmp_path: Path) -> None:
    intervals = tmp_path / "intervals.csv"
    intervals.write_text(HEADER + "M1,2026-01-01T00:00,15,1\n", encoding="utf-8")
    ran = kilowatch("detect", "--intervals", str(intervals), *options)
    assert ran.status == 1
    assert "intervals.csv" in ran.err
    assert "starts_at" in ran.err
    assert not (tmp_path / "out.jsonl").exists()


def test_a_place_that_cannot_be_written_is_told(
    kilowatch: Invoke, options: list[str], tmp_path: Path
) -> None:
    intervals = tmp_path / "intervals.csv"
    intervals.write_text(HEADER + "M1,2026-01-01T00:00Z,15,1\n", encoding="utf-8")
    nowhere = str(tmp_path / "nowhere" / "out.jsonl")
    ran = kilowatch("detect", "--intervals", str(intervals), *options[:2], "--out", nowhere)
    assert ran.status == 1
    assert ran.err.startswith("error: cannot write ")
