"""Forecasts on the command line: a line a meter, its table, and what a short past says."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline.timegrid import from_numpy
from tests.load_history import AT, slots_before, weekly_load
from tests.unit.cli.invoke import Invoke

SITE = """
[[meter]]
id = "M1"
service_point = "P1"
[[service_point]]
id = "P1"
[[contract]]
service_point = "P1"
contract_demand_kw = 80.0
basic_charge = "demand"
"""


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    times = slots_before(AT, 40)
    intervals, site = tmp_path / "intervals.csv", tmp_path / "site.toml"
    pd.DataFrame(
        {
            "meter_id": "M1",
            "starts_at": [from_numpy(time).isoformat() for time in times],
            "minutes": 15,
            "import_kwh": weekly_load(times)[0],
        }
    ).to_csv(intervals, index=False)
    site.write_text(SITE, encoding="utf-8")
    return ["forecast", "--intervals", str(intervals), "--registry", str(site), "--at", AT.isoformat()]


def test_json_has_one_object_a_meter(kilowatch: Invoke, options: list[str]) -> None:
    ran = kilowatch(*options, "--horizon", "8", "--json")
    assert ran.status == 0
    (line,) = ran.lines
    assert line["from"] == AT.isoformat()
    assert line["p50"] == pytest.approx([5.0] * 8)
    assert line["month"]["warns"]


def test_people_see_the_demand_beside_the_contract(kilowatch: Invoke, options: list[str]) -> None:
    ran = kilowatch(*options)
    assert ran.status == 0
    assert "96 slots from 2026-12-14T00:00:00+08:00" in ran.out
    assert "double charge" in ran.out


def test_a_terminal_of_80_columns_shows_whole_words(
    kilowatch: Invoke, options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ran = kilowatch(*options)
    for word in ("meter", "month", "contract", "warning", "double", "charge", "125"):
        assert word in ran.out
    site = tmp_path / "site.toml"
    site.write_text(SITE.replace('basic_charge = "demand"\n', ""), encoding="utf-8")
    ran = kilowatch(*options)
    assert "charge?" in ran.out
    assert "whether that is charged double: [[contract]] basic_charge" in ran.out


def test_a_meter_without_history_ends_with_status_1_and_says_what_it_needs(
    kilowatch: Invoke, options: list[str], tmp_path: Path
) -> None:
    site = tmp_path / "site.toml"
    site.write_text(SITE + '[[meter]]\nid = "M2"\n', encoding="utf-8")
    ran = kilowatch(*options)
    assert ran.status == 1
    assert "M2: of the 28 days before" in ran.err
    assert "1 of 2 meters could not be forecast" in ran.err
    assert "M1" in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "oracle"], "there are blend, lightgbm"),
        (["--at", "tomorrow"], "expected a time with its offset"),
    ],
)
def test_wrong_usage_says_what_is_right(
    kilowatch: Invoke, options: list[str], arguments: list[str], said: str
) -> None:
    ran = kilowatch(*options, *arguments)
    assert ran.status == 2
    assert said in ran.err


def test_intervals_want_their_archive(kilowatch: Invoke, options: list[str]) -> None:
    ran = kilowatch(*options[:3])
    assert ran.status == 2
    assert "--registry together" in ran.err


def test_a_horizon_of_more_than_a_week_is_refused(kilowatch: Invoke, options: list[str]) -> None:
    ran = kilowatch(*options, "--horizon", "673")
    assert ran.status == 1
    assert ran.err.startswith("error: expected 1 to 672 slots of 15 min")
