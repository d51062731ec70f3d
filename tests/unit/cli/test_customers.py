"""Sheets of large customers on the command line: from files to every form, and what goes wrong."""

import json
from pathlib import Path

import pandas as pd
import pytest

from pipeline.timegrid import from_numpy
from tests.large_customers import two_months
from tests.unit.cli.invoke import Invoke
from tests.unit.reports.customers.test_workbook import opened

REGISTRY = """
[[area]]
id = "north"

[[meter]]
id = "M"

[[service_point]]
id = "SP"
name = "Foundry"
customer = "Works"
area = "north"

[[installation]]
meter = "M"
service_point = "SP"

[[contract]]
service_point = "SP"
capacity_kva = 100
basic_charge = "capacity"
category = "large_industry"
tariff = "T"

[[suspension]]
id = "ZT-1"
service_point = "SP"
from = 2026-03-10
to = 2026-03-30
setpoint_w = 5000

[[tariff]]
id = "T"
[[tariff.charges]]
item = "energy"
price = "0.6"
[tariff.basic]
capacity_price = 25
"""


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    intervals, site = tmp_path / "works.csv", tmp_path / "works.toml"
    columns = two_months()
    pd.DataFrame(
        {
            "meter_id": list(columns.meters),
            "starts_at": [from_numpy(time).isoformat() for time in columns.starts_at],
            "minutes": 15,
            "import_kwh": columns.energies["import_kwh"],
        }
    ).to_csv(intervals, index=False)
    site.write_text(REGISTRY, encoding="utf-8")
    return ["customers", "--intervals", str(intervals), "--registry", str(site)]


def test_sheets_of_files_are_told_and_written(kilowatch: Invoke, files: list[str], tmp_path: Path) -> None:
    ran = kilowatch(*files, "--out", str(tmp_path / "out"), "--no-pdf")
    assert ran.status == 0
    assert "Large customers 2026-03" in ran.out
    folder = tmp_path / "out" / "Works"
    document = json.loads((folder / "sheet.json").read_text(encoding="utf-8"))
    # 5 952 kWh x 0.6 yuan, and 100 kVA x 25 yuan x 11/30.
    assert document["sections"]["bill"][0]["facts"]["billed_yuan"]["value"] == 4487.87
    (row,) = document["sections"]["suspensions"][0]["rows"]
    assert row["kept"]["code"] == "kept_drawing"
    (found,) = document["sections"]["episodes"][0]["rows"]
    assert found["detector"]["en"] == "Load during suspension"
    book = opened((folder / "sheet.en.xlsx").read_bytes())
    assert 4487.87 in book["Bill"].values()


def test_json_is_an_object_a_customer(kilowatch: Invoke, files: list[str]) -> None:
    ran = kilowatch(*files, "--month", "2026-02", "--customer", "Works", "--json")
    (document,) = ran.lines
    assert (document["customer"], document["month"]) == ("Works", "2026-02")
    assert document["sections"]["bill"][0]["facts"]["billed_kwh"]["value"] == 5376.0


def test_a_customer_who_is_not_there_and_one_too_small_are_told(kilowatch: Invoke, files: list[str]) -> None:
    ran = kilowatch(*files, "--customer", "Nobody")
    assert ran.status == 1
    assert "no such customer in the archive" in ran.err
    ran = kilowatch(*files, "--least-kva", "500")
    assert ran.status == 1
    assert "choose --least-kva 0" in ran.err


def test_files_belong_together(kilowatch: Invoke, files: list[str]) -> None:
    assert kilowatch(*files[:3]).status == 2
    assert kilowatch("customers", "--readings", files[2]).status == 2
