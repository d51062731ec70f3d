"""Bills out of files: which points and month, what is said when something is not there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from analysis.settlement.bill import Bill
from analysis.settlement.bill_documents import bill_document, bill_of, same_bill
from analysis.settlement.billing_month import BillingMonth
from analysis.settlement.settle import settle
from pipeline.errors import ConfigError, DataError
from pipeline.model import MeterId
from pipeline.timegrid import from_numpy
from services.settle import NOT_MADE, YEAR_UNKNOWN, Settled, SettleFiles, settle_files
from services.settle_pages import write_bill
from storage.intervals import IntervalColumns
from storage.registry_files import export_registry
from tests.gathered_months import both
from tests.settled_plants import APRIL, MARCH, PLANT, POINT, TARIFF, intervals, plant

STEPS = """
[[tariff.steps]]
above_kwh = 6000
added = "0.05"
"""


def written(folder: Path, columns: IntervalColumns | None = None, archive: str | None = None) -> SettleFiles:
    given = intervals() if columns is None else columns
    rows = ["meter_id,starts_at,minutes,import_kwh"]
    kwh = given.energies["import_kwh"].tolist()
    for meter, start, value in zip(given.meters, given.starts_at, kwh, strict=True):
        rows.append(f"{meter},{from_numpy(start).isoformat()},15,{value}")
    (folder / "intervals.csv").write_text("\n".join(rows) + "\n", "utf-8")
    (folder / "archive.toml").write_text(export_registry(PLANT) if archive is None else archive, "utf-8")
    return SettleFiles(intervals=folder / "intervals.csv", registry=folder / "archive.toml")


def test_the_last_month_that_is_covered_is_billed(tmp_path: Path) -> None:
    (settled,) = settle_files(written(tmp_path))
    assert (settled.bill.service_point, settled.bill.month) == (POINT, "2026-03")
    # 8 h of valley, 4 h of peak and 12 h of flat a day, 8 kW, 31 days; capacity for the month.
    kwh = {line.period: line.quantity for line in settled.bill.lines if line.item == "energy"}
    assert kwh == {"valley": Decimal("1984.00"), "peak": Decimal("992.00"), "flat": Decimal("2976.00")}
    wanted = Decimal(1984) * Decimal("0.3") + 992 * Decimal("0.9") + 2976 * Decimal("0.6") + Decimal("595.2")
    assert settled.bill.amount == wanted + 2500
    document = settled.document()
    assert document["amount"] == pytest.approx(float(wanted + 2500))
    assert {"item", "quantity", "unit", "price", "amount"} <= document["lines"][0].keys()
    assert document["customer"] == "Works"


def test_a_bill_is_read_back_from_its_document(tmp_path: Path) -> None:
    (settled,) = settle_files(written(tmp_path))
    document = bill_document(settled.bill, settled.month)
    again = bill_of(document)
    assert (again.amount, again.findings) == (settled.bill.amount, list(settled.bill.findings))
    assert bill_document(again, settled.month) == document
    assert same_bill(document, bill_document(again, settled.month))
    dearer = replace(again, lines=[*again.lines, again.lines[0]])
    assert not same_bill(document, bill_document(dearer, settled.month))


def test_points_of_which_nothing_is_known_are_left_out_unless_wanted(tmp_path: Path) -> None:
    archive = export_registry(PLANT) + (
        '[[service_point]]\nid = "Q"\n[[meter]]\nid = "N"\n'
        '[[installation]]\nmeter = "N"\nservice_point = "Q"\n'
        '[[contract]]\nservice_point = "Q"\ntariff = "T"\n'
    )
    files = written(tmp_path, archive=archive)
    assert [settled.bill.service_point for settled in settle_files(files)] == [POINT]
    (wanted,) = settle_files(files, "2026-03", ["Q"])
    assert not wanted.bill.is_final
    assert "register_missing" in {found.code for found in wanted.bill.findings}


@pytest.mark.parametrize(
    ("archive", "said"),
    [
        (export_registry(plant(tariffs=[])), r'name T, of which there is no \[\[tariff\]\].*id = "T"'),
        (export_registry(plant(contracts=[])), r"no \[\[contract\]\] is filed"),
        (
            export_registry(plant(contracts=[replace(PLANT.contracts[0], tariff=None)])),
            r'no \[\[contract\]\] says tariff = "...".*\[\[tariff.charges\]\]',
        ),
    ],
)
def test_an_archive_without_a_tariff_is_told_the_least_that_it_needs(
    tmp_path: Path, archive: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=f"(?s){said}"):
        list(settle_files(written(tmp_path, archive=archive)))


def test_a_month_of_which_files_hold_nothing_is_told_what_they_hold(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds nothing of 2027-01: it reaches from 2026-02-28T16:00"):
        list(settle_files(written(tmp_path), "2027-01"))
    with pytest.raises(ConfigError, match=r"X: no such service point in archive\.toml"):
        list(settle_files(written(tmp_path), "2026-03", ["X"]))


def test_steps_over_a_year_need_the_earlier_months(tmp_path: Path) -> None:
    year = replace(TARIFF, basic=None)
    text = export_registry(plant(tariffs=[year], contracts=[replace(PLANT.contracts[0], basic_charge=None)]))
    text = text.replace('steps_over = "month"', 'steps_over = "year"') + STEPS
    (alone,) = settle_files(written(tmp_path, archive=text))
    assert alone.bill.findings[-1].code == YEAR_UNKNOWN
    assert alone.bill.findings[-1].parameters == {"months": "2026-01, 2026-02"}
    january = datetime.fromisoformat("2026-01-01T00:00:00+08:00")
    whole = both(intervals(january, MARCH, kwh=1.0), intervals())
    (march,) = settle_files(written(tmp_path, whole, text))
    assert march.bill.is_final
    step = next(line for line in march.bill.lines if line.item == "step_2")
    assert step.quantity == Decimal("5616.00")  # 59 x 96 kWh before, 5 952 now, above 6 000


def test_months_before_the_first_contract_have_no_energy_of_the_year(tmp_path: Path) -> None:
    contract = replace(PLANT.contracts[0], basic_charge=None, starts_at=MARCH)
    text = export_registry(plant(tariffs=[replace(TARIFF, basic=None)], contracts=[contract]))
    text = text.replace('steps_over = "month"', 'steps_over = "year"') + STEPS
    (march,) = settle_files(written(tmp_path, archive=text))
    assert march.bill.is_final
    assert "step_2" not in {line.item for line in march.bill.lines}  # 5 952 kWh so far, below 6 000


def test_a_bill_that_fails_is_refused_and_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = export_registry(PLANT) + (
        '[[service_point]]\nid = "A"\n[[meter]]\nid = "N"\n'
        '[[installation]]\nmeter = "N"\nservice_point = "A"\n'
        '[[contract]]\nservice_point = "A"\ntariff = "T"\nbasic_charge = "capacity"\ncapacity_kva = 10\n'
    )
    columns = both(intervals(), intervals(meter=MeterId("N")))

    def failing(month: BillingMonth) -> Bill:
        if month.service_point == POINT:
            raise DataError("the terms cannot be")
        return settle(month)

    monkeypatch.setattr("services.settle.settle", failing)
    failed, other = settle_files(written(tmp_path, columns, archive), "2026-03")
    assert (failed.bill.service_point, failed.bill.is_final, failed.bill.lines) == (POINT, False, ())
    assert [(f.code, f.parameters) for f in failed.bill.findings] == [
        (NOT_MADE, {"error": "the terms cannot be"})
    ]
    assert (other.bill.service_point, other.bill.is_final) == ("A", True)


@pytest.mark.parametrize("kwh", [1e300, -1e300, 1e16, -5.0])
def test_an_interval_that_cannot_be_refuses_the_bill_and_breaks_nothing(tmp_path: Path, kwh: float) -> None:
    columns = intervals()
    columns.energies["import_kwh"][1000:1200] = kwh
    (settled,) = settle_files(written(tmp_path, columns), "2026-03")
    assert not settled.bill.is_final
    assert {"register_missing", "intervals_negative"} & set(_codes(settled))


def test_a_demand_out_of_intervals_is_said(tmp_path: Path) -> None:
    archive = export_registry(PLANT).replace('basic_charge = "capacity"', 'basic_charge = "demand"')
    (settled,) = settle_files(written(tmp_path, archive=archive))
    assert _codes(settled)[-1] == "demand_from_intervals"
    line = next(line for line in settled.bill.lines if line.item == "basic_demand")
    assert line.quantity == Decimal(8)


def test_interim_bills_are_taken_off_the_months_bill(tmp_path: Path) -> None:
    files = written(tmp_path)
    (part,) = settle_files(files, "2026-03", until=date(2026, 3, 11))
    assert (part.bill.energy_kwh, part.bill.ends_at) == (Decimal("1920.00"), MARCH + timedelta(days=10))
    assert "basic_capacity" not in {line.item for line in part.bill.lines}
    write_bill(part, tmp_path, pdf=False)
    given = tmp_path / f"{POINT}-2026-03" / "bill.json"
    (whole,), (month,) = (
        settle_files(replace(files, interim=interim), "2026-03") for interim in ((), (given,))
    )
    assert month.bill.amount == whole.bill.amount - part.bill.amount
    assert month.bill.energy_kwh == whole.bill.energy_kwh
    with pytest.raises(ConfigError, match="choose a day after 2026-03-01 and before 2026-04-01"):
        list(settle_files(files, "2026-03", until=date(2026, 4, 1)))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"service_point": "SP", "month": 3}', "\x00", "3"])
def test_a_file_that_is_no_bill_is_named(tmp_path: Path, text: str) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text(text, "utf-8")
    with pytest.raises(DataError, match=r"wrong\.json is no bill"):
        list(settle_files(replace(written(tmp_path), interim=[wrong]), "2026-03"))


def test_the_month_follows_the_settlement_day(tmp_path: Path) -> None:
    archive = export_registry(PLANT).replace("[[contract]]", "[[contract]]\nsettlement_day = 25")
    begins = datetime.fromisoformat("2026-02-25T00:00:00+08:00")
    (settled,) = settle_files(written(tmp_path, intervals(begins, APRIL), archive))
    assert (settled.bill.month, settled.bill.starts_at) == ("2026-03", begins)


def _codes(settled: Settled) -> list[str]:
    return [found.code for found in settled.bill.findings]
