"""``kilowatch load`` as a user meets it: a month of a steel plant, a day, and what goes wrong."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.contract.project import ROOT
from tests.e2e.command import kilowatch

STEEL = ROOT / "tests" / "data" / "steel_15min_35d.csv"
ARCHIVE = """
[[area]]
id = "A"
zone = "Asia/Seoul"
[[meter]]
id = "STEEL"
service_point = "SP"
[[service_point]]
id = "SP"
area = "A"
[[contract]]
service_point = "SP"
category = "large industry"
capacity_kva = 1000
contract_demand_kw = 550
basic_charge = "capacity"
tariff = "two-part"
[[transformer]]
id = "T"
service_point = "SP"
capacity_kva = 800
[[tariff]]
id = "two-part"
power_factor = true
[[tariff.charges]]
item = "energy"
price = "0.6000"
prices = { peak = "1.00", valley = "0.30" }
[[tariff.schedules]]
spans = [
  { from = "00:00", to = "08:00", period = "valley" },
  { from = "08:00", to = "11:00", period = "peak" },
]
[tariff.basic]
capacity_price = 23
demand_price = 38
"""


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("plant")
    with STEEL.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lines = ["meter_id,starts_at,minutes,import_kwh,import_kvarh,export_kvarh"]
    lines += [
        f"STEEL,{row['local_start']}:00+09:00,15,{row['kwh']},{row['lagging_kvarh']},{row['leading_kvarh']}"
        for row in rows
    ]
    (folder / "intervals.csv").write_text("\n".join(lines))
    (folder / "site.toml").write_text(ARCHIVE)
    return ["load", "--intervals", str(folder / "intervals.csv"), "--registry", str(folder / "site.toml")]


def test_a_month_equals_what_the_file_adds_up_to(plant: list[str], tmp_path: Path) -> None:
    ran = kilowatch(*plant, "--month", "2018-03", "--json", "--out", str(tmp_path))
    assert ran.status == 0, ran.err
    assert [(line["kind"], line["name"]) for line in ran.lines] == [
        ("meter", "STEEL"),
        ("service_point", "SP"),
        ("area", "A"),
        ("category", "large industry"),
    ]
    point = ran.lines[1]
    with STEEL.open(encoding="utf-8") as file:
        march = [row for row in csv.DictReader(file) if row["local_start"].startswith("2018-03")]
    kwh = [float(row["kwh"]) for row in march]
    assert len(kwh) == 31 * 96
    assert point["curve"]["coverage"] == 1.0
    assert point["curve"]["energy_kwh"] == pytest.approx(sum(kwh))
    assert point["demand"]["block"]["kw"] == pytest.approx(4 * max(kwh))
    assert point["curve"]["load_factor"] == pytest.approx(sum(kwh) / len(kwh) / max(kwh), abs=1e-6)
    assert point["curve"]["utilisation_hours"] == pytest.approx(sum(kwh) / (4 * max(kwh)))
    reactive = sum(float(row["lagging_kvarh"]) + float(row["leading_kvarh"]) for row in march)
    assert point["power_factor"]["power_factor"] == pytest.approx(
        sum(kwh) / (sum(kwh) ** 2 + reactive**2) ** 0.5, abs=0.005
    )
    assert point["contract"]["used_percent"] == pytest.approx(400 * max(kwh) / 550)
    assert set(point["wants"]) == {"phases", "register"}
    peak = sum(float(row["kwh"]) for row in march if "08:00" <= row["local_start"][11:16] < "11:00")
    assert point["tariff"]["periods"]["peak"]["kwh"] == pytest.approx(peak)
    advice = {one["kind"]: one for one in point["advice"]}
    assert advice["shift"]["saving_yuan"] == pytest.approx(0.1 * peak * 0.70, abs=0.01)
    # 1000 kVA x 23 yuan; the maximum / 1.05 x 38 yuan.
    cheaper = 23000 - 4 * max(kwh) / 1.05 * 38
    assert advice["basic_charge"]["saving_yuan"] == pytest.approx(cheaper, abs=0.01)
    # Lagging energy alone has 0.93: what leads should go.
    assert advice["overcompensation"]["quantities"]["target"] == 0.93
    assert point["shape"]["shape"] == "two_shifts"
    assert {path.name for path in tmp_path.iterdir()} == {"load.jsonl", "load.csv", "curves.csv"}


def test_a_day_is_a_table_for_people(plant: list[str]) -> None:
    ran = kilowatch(*plant, "--from", "2018-03-01", "--to", "2018-03-02")
    assert ran.status == 0, ran.err
    assert "Load 2018-03-01 00:00 to 2018-03-02 00:00 (Asia/Seoul)" in ran.out
    assert "large industry" in ran.out
    assert "SP: Shifting " in ran.out


def test_a_month_that_the_file_does_not_hold_is_named(plant: list[str]) -> None:
    ran = kilowatch(*plant, "--month", "2024-01")
    assert ran.status == 1
    assert "the file goes from 2018-02-28T15:00:00+00:00" in ran.err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--from", "2018-03-01"], "give --from and --to together"),
        (["--from", "2018-03-02", "--to", "2018-03-01"], "--to must come after --from"),
        (["--from", "yesterday", "--to", "2018-03-01"], "2026-03-01T08:15+08:00"),
        (["--from", "2018-03-01", "--to", "2018-03-02", "--month", "2018-03"], "either --month"),
    ],
)
def test_wrong_usage_is_told(plant: list[str], options: list[str], told: str) -> None:
    ran = kilowatch(*plant, *options)
    assert ran.status == 2
    assert told in " ".join(ran.err.split())


def test_an_archive_belongs_to_the_intervals(plant: list[str]) -> None:
    ran = kilowatch(*plant[:3])
    assert ran.status == 2
    assert "together" in ran.err
