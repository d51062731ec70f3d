"""``kilowatch settle`` as people and programs run it, on the real load of a steel plant."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.e2e.command import kilowatch
from tests.integration.steel_curve import MINUTES, SLICE

ARCHIVE = """
[[service_point]]
id = "SP-STEEL"
customer = "Steel plant"

[[meter]]
id = "STEEL"
service_point = "SP-STEEL"

[[ratio]]
meter = "STEEL"
ct = 100

[[contract]]
service_point = "SP-STEEL"
capacity_kva = 630
basic_charge = "capacity"
power_factor_standard = 0.9
tariff = "two-part"

[[tariff]]
id = "two-part"
power_factor = true

[[tariff.charges]]
item = "energy"
prices = { peak = "0.80", valley = "0.30" }
price = "0.55"

[[tariff.schedules]]
spans = [
  { from = "00:00", to = "08:00", period = "valley" },
  { from = "10:00", to = "12:00", period = "peak" },
  { from = "17:00", to = "21:00", period = "peak" },
]

[tariff.basic]
capacity_price = 26
"""


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The 35 days of the plant as files: intervals and an archive with a tariff."""
    folder = tmp_path_factory.mktemp("plant")
    with SLICE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (folder / "intervals.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("meter_id", "starts_at", "minutes", "import_kwh", "import_kvarh", "export_kvarh"))
        writer.writerows(
            (
                "STEEL",
                f"{row['local_start']}:00+08:00"
                if len(row["local_start"]) == 16
                else f"{row['local_start']}+08:00",
                MINUTES,
                row["kwh"],
                row["lagging_kvarh"],
                row["leading_kvarh"],
            )
            for row in rows
        )
    (folder / "archive.toml").write_text(ARCHIVE, "utf-8")
    return folder


def settle(plant: Path, *more: str) -> tuple[str, ...]:
    given = ("--intervals", str(plant / "intervals.csv"), "--registry", str(plant / "archive.toml"))
    return ("settle", *given, "--month", "2018-03", *more)


def test_a_real_month_is_billed_and_its_sums_hold(plant: Path) -> None:
    ran = kilowatch(*settle(plant, "--json"))
    assert ran.status == 0, ran.err
    (bill,) = ran.lines
    assert {"service_point", "month", "energy_kwh", "amount", "lines"} <= bill.keys()
    assert (bill["service_point"], bill["month"]) == ("SP-STEEL", "2018-03")
    # What the rows of March add up to, in whole steps of a register behind a transformer of 100.
    kwh = {"peak": 0.0, "flat": 0.0, "valley": 0.0}
    with (plant / "intervals.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            hour = int(row["starts_at"][11:13])
            if row["starts_at"].startswith("2018-03"):
                peak = hour in {10, 11, 17, 18, 19, 20}
                kwh["valley" if hour < 8 else "peak" if peak else "flat"] += float(row["import_kwh"])
    assert bill["energy_kwh"] == pytest.approx(sum(kwh.values()), abs=1.0)
    energy = {line["period"]: line["quantity"] for line in bill["lines"] if line["item"] == "energy"}
    assert energy == pytest.approx(kwh, abs=1.0)
    amounts = [Decimal(str(line["amount"])) for line in bill["lines"]]
    assert sum(amounts) == Decimal(str(bill["amount"]))
    basic = next(line for line in bill["lines"] if line["item"] == "basic_capacity")
    assert (basic["quantity"], basic["price"], basic["amount"]) == (630.0, 26.0, 16380.0)
    assert {found["code"] for found in bill["findings"]} == {"register_estimated"}


def test_people_get_a_table_and_pages(plant: Path, tmp_path: Path) -> None:
    ran = kilowatch(*settle(plant, "--out", str(tmp_path), "--no-pdf"))
    assert ran.status == 0, ran.err
    assert "Power-factor adjustment" in ran.out
    assert "is an estimate" in ran.err
    folder = tmp_path / "SP-STEEL-2018-03"
    assert sorted(f.name for f in folder.iterdir()) == [
        "bill.csv",
        "bill.en.html",
        "bill.json",
        "bill.zh.html",
    ]
    assert json.loads((folder / "bill.json").read_text("utf-8"))["month"] == "2018-03"


def test_a_refused_bill_is_bad_data_and_wrong_usage_is_told(plant: Path, tmp_path: Path) -> None:
    lines = (plant / "intervals.csv").read_text("utf-8").splitlines()
    (tmp_path / "intervals.csv").write_text("\n".join(lines[:1000] + lines[1100:]), "utf-8")
    (tmp_path / "archive.toml").write_text(ARCHIVE, "utf-8")
    ran = kilowatch(*settle(tmp_path))
    assert ran.status == 1
    assert "refused (register_missing)" in ran.err
    assert kilowatch("settle", "--intervals", str(plant / "intervals.csv")).status == 2
    bare = tmp_path / "bare.toml"
    bare.write_text(ARCHIVE.partition("[[tariff]]")[0], "utf-8")
    ran = kilowatch("settle", "--intervals", str(plant / "intervals.csv"), "--registry", str(bare))
    assert ran.status == 1
    assert 'add at least\n\n[[tariff]]\nid = "two-part"' in ran.err
