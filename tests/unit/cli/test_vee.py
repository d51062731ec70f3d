"""VEE on files: what is printed for people and for programs."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.invoke import Invoke

HEADER = "meter_id,starts_at,minutes,import_kwh\n"


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    site, raw = tmp_path / "site.toml", tmp_path / "raw.csv"
    site.write_text('[[meter]]\nid = "M1"\nservice_point = "P1"\n', encoding="utf-8")
    values = ["1", "", "1"]
    rows = [f"M1,2026-01-01T00:{15 * n:02d}Z,15,{value}\n" for n, value in enumerate(values)]
    raw.write_text(HEADER + "".join(rows), encoding="utf-8")
    return ["--registry", str(site), "--intervals", str(raw), "--out", str(tmp_path / "final.csv")]


def test_json_gives_findings_and_then_the_figures(kilowatch: Invoke, options: list[str]) -> None:
    ran = kilowatch("vee", "run", *options, "--json")
    finding, point, figures = map(json.loads, ran.out.splitlines())
    assert (finding["rule"], finding["starts_at"]) == ("missing", "2026-01-01T00:15:00.000000Z")
    assert point["point"] == {"service_point": "P1", "kwh": 3.0, "slots": 3, "missing": 0}
    assert figures["quality"] == {"import_kwh": {"A": 2, "S": 1}}
    assert figures["unchecked"]["sum_check"] == ["register_kwh"]


def test_people_read_the_findings_and_what_was_not_checked(kilowatch: Invoke, options: list[str]) -> None:
    ran = kilowatch("vee", "run", *options)
    assert ran.status == 0
    assert "1 findings" in ran.out
    assert "not checked: multiplier" in ran.out


def test_without_any_data_the_usage_is_told(kilowatch: Invoke, options: list[str]) -> None:
    assert kilowatch("vee", "run", *options[:2], *options[4:]).status == 2


def test_an_ending_that_cannot_be_written_is_told_before_any_work(
    kilowatch: Invoke, options: list[str]
) -> None:
    ran = kilowatch("vee", "run", *options[:4], "--out", "final.txt")
    assert ran.status == 1
    assert ".csv or .parquet" in ran.err
