"""Tariffs of a registry file come in whole, or with every mistake and its place."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from pipeline.errors import RegistryError
from pipeline.registry import Registry
from pipeline.tariff import (
    BasicTerms,
    DayKind,
    DaySchedule,
    Each,
    EnergyCharge,
    FixedCharge,
    LeastOf,
    LossTerms,
    MarketEnergy,
    Period,
    Span,
    Step,
    StepsOver,
    Tariff,
)
from storage.registry_cells import KEY_OF_FIELD
from storage.registry_files import export_registry, export_registry_tables, read_registry

WHOLE = """
[[area]]
id = "A1"
zone = "Europe/Berlin"

[[service_point]]
id = "SP1"
area = "A1"

[[contract]]
service_point = "SP1"
tariff = "T"
metering_side = "low"
power_factor_standard = 0.9

[[transformer]]
id = "TR"
no_load_loss_kw = 0
load_loss_kw = 4.5

[[tariff]]
id = "T"
from = 2026-01-01
to = 2027-01-01
holidays = [2026-10-01]
worked = [2026-10-10]
rates = { 1 = "peak", 2 = "valley" }
steps_over = "year"
power_factor = true
tax_percent = 0
kwh_decimals = 0

[[tariff.charges]]
item = "energy"
prices = { peak = 0.9, valley = "0.3000", flat = "0.6" }

[[tariff.charges]]
item = "fund"
price = "-0.001"
months = [6, 7]
power_factor = false

[[tariff.schedules]]
days = "working"
spans = [
  { from = "08:00", to = "11:00", period = "peak" },
  { from = "23:00", to = "24:00", period = "valley" },
]

[[tariff.steps]]
above_kwh = 2160
added = "0.05"

[[tariff.fixed]]
item = "rent"
price = 12
each = "year"

[tariff.basic]
demand_price = 38
waiving = ["stop", "closed"]
least_of = "contract"
least_stop_days = 15
single_below_kva = 315
single_tariff = "S"

[tariff.losses]
copper_percent = 1.5

[[market_energy]]
service_point = "SP1"
month = "2026-03"
share = 0.8
price = "0.4213"
"""
TARIFF = Tariff(
    id="T",
    starts_at=datetime(2025, 12, 31, 23, tzinfo=UTC),
    ends_at=datetime(2026, 12, 31, 23, tzinfo=UTC),
    holidays=(date(2026, 10, 1),),
    worked=(date(2026, 10, 10),),
    rates={1: Period.PEAK, 2: Period.VALLEY},
    steps_over=StepsOver.YEAR,
    power_factor=True,
    tax_percent=Decimal(0),
    kwh_decimals=0,
    charges=(
        EnergyCharge(
            item="energy",
            prices={
                Period.PEAK: Decimal("0.9"),
                Period.VALLEY: Decimal("0.3"),
                Period.FLAT: Decimal("0.6"),
            },
        ),
        EnergyCharge(item="fund", price=Decimal("-0.001"), months=(6, 7), power_factor=False),
    ),
    schedules=(
        DaySchedule(
            days=DayKind.WORKING,
            spans=(
                Span(from_minute=480, to_minute=660, period=Period.PEAK),
                Span(from_minute=1380, to_minute=1440, period=Period.VALLEY),
            ),
        ),
    ),
    steps=(Step(above_kwh=Decimal(2160), added=Decimal("0.05")),),
    fixed=(FixedCharge(item="rent", price=Decimal(12), each=Each.YEAR),),
    basic=BasicTerms(
        demand_price=Decimal(38),
        waiving=("stop", "closed"),
        least_of=LeastOf.CONTRACT,
        single_below_kva=Decimal(315),
        single_tariff="S",
    ),
    losses=LossTerms(copper_percent=Decimal("1.5")),
)
FLAT = '[[tariff]]\nid = "T"\n[[tariff.charges]]\nitem = "energy"\nprice = 0.5\n'
MARKET = '[[market_energy]]\nservice_point = "S"\nmonth = "2026-03"\nprice = 0.4\n'
POINT = f'[[service_point]]\nid = "S"\n{MARKET}'
STEP = "[[tariff.steps]]\nabove_kwh = {}\nadded = 0.05\n"
SPAN = '[[tariff.schedules]]\nspans = [{{ from = "{0}", to = "{1}", period = "{2}" }}]\n'


def read(folder: Path, text: str) -> Registry:
    path = folder / "registry.toml"
    path.write_text(text, encoding="utf-8")
    return read_registry(path)


def problems_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(RegistryError) as caught:
        read(folder, text)
    return [str(problem) for problem in caught.value.problems]


def test_a_tariff_is_read_with_its_parts_and_dates_are_midnights_of_its_customers(tmp_path: Path) -> None:
    registry = read(tmp_path, WHOLE)
    assert list(registry.tariffs) == [TARIFF]
    # Equality of records leaves no mapping out.
    assert registry.tariffs[0].charges[0].prices == TARIFF.charges[0].prices
    assert list(registry.market_energies) == [
        MarketEnergy(service_point="SP1", month="2026-03", price=Decimal("0.4213"), share=Decimal("0.8"))
    ]
    assert registry.contracts[0].power_factor_standard == pytest.approx(0.9)
    assert registry.contracts[0].metering_side == "low"


def test_what_is_exported_reads_back_equal(tmp_path: Path) -> None:
    registry = read(tmp_path, WHOLE)
    text = export_registry(registry)
    assert '\n[[tariff.charges]]\nitem = "energy"\nprices = { peak = "0.9", ' in text
    assert read(tmp_path, text) == registry
    export_registry_tables(registry, tmp_path / "tables")
    assert read_registry(tmp_path / "tables") == registry


def test_every_mistake_of_one_tariff_is_named_with_its_place(tmp_path: Path) -> None:
    text = (
        '\n[[tariff]]\nid = "T"\ncolour = "red"\n'
        '[[tariff.charges]]\nitem = "energy"\nprice = "dear"\nprices = { noon = 1, peak = "x" }\n'
        "[[tariff.charges]]\nprice = 1\n"
        '[[tariff.schedules]]\nmonths = [13]\nspans = [{ from = "8", to = "11:00", period = "noon" }]\n'
    )
    place = "registry.toml:2: [[tariff]] entry 1, key "
    keys = ", ".join(KEY_OF_FIELD.get(f.name, f.name) for f in fields(Tariff))
    end = "'24:00' at most"
    periods = "sharp, peak, flat, valley, deep_valley"
    assert sorted(problems_of(tmp_path, text)) == sorted(
        [
            f"{place}'charges[1].price': expected a number, not 'dear'",
            f"{place}'charges[1].prices.noon': expected one of {periods}, not 'noon'",
            f"{place}'charges[1].prices.peak': expected a number, not 'x'",
            f"{place}'charges[2].item': is missing",
            f"{place}'colour': unknown key; the keys are {keys}",
            f"{place}'schedules[1].months': expected months of 1 to 12, not 13",
            f"{place}'schedules[1].spans[1].from': expected a time of day like '08:00', {end}, not '8'",
            f"{place}'schedules[1].spans[1].period': expected one of {periods}, not 'noon'",
        ]
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[[tariff]]\nid = "T"\n', "key 'charges': is missing; write what a kWh costs as [[tariff.charges]]"),
        ('[[tariff]]\nid = "T"\ncharges = 3\n', "key 'charges': expected a list of tables, not 3"),
        (f"{FLAT}months = 6\n", "key 'charges[1].months': expected a list of months like [7, 8, 9], not 6"),
        (f"{FLAT}prices = 6\n", "key 'charges[1].prices': expected a table like { peak = '0.9'"),
        (f"{FLAT}tax = 6\n", "key 'charges[1].tax': unknown key; the keys are item, name_zh, name_en, price"),
        (f"{FLAT}[tariff.basic]\ndemand_price = -1\n", "key 'basic.demand_price': expected a number of zero"),
        (f"{FLAT}{FLAT}", ":6: [[tariff]] entry 2, key 'id': the same as in line 1"),
        (
            FLAT.replace('"T"\n', '"T"\nto = 2026-02-02\n')
            + FLAT.replace('"T"\n', '"T"\nfrom = 2026-02-01\n'),
            ":7: [[tariff]] entry 2, key 'from': tariff 'T' of line 1 is still in force",
        ),
        (
            FLAT + SPAN.format("22:00", "06:00", "flat"),
            "key 'schedules[1].spans': 06:00 is not after 22:00; write hours over midnight as two spans",
        ),
        (
            FLAT
            + SPAN.format("08:00", "10:00", "peak").removesuffix("]\n")
            + ', { from = "09:00", to = "11:00", period = "valley" }]\n',
            "key 'schedules[1].spans': valley from 09:00 overlaps peak to 10:00",
        ),
        (
            FLAT.replace("price = 0.5", "prices = { flat = 1 }")
            + SPAN.format("08:00", "10:00", "peak")
            + "months = [7]\n",
            "key 'charges[1].prices': 'energy' has no price for peak, which a schedule of month 7 uses",
        ),
        (
            FLAT.replace("price = 0.5", "prices = { peak = 1 }")
            + SPAN.format("00:00", "24:00", "peak")
            + 'days = "working"\n',
            "'energy' has no price for flat, which a schedule of month 1 uses",
        ),
        (
            f'{FLAT}[[tariff.charges]]\nitem = "energy"\nprice = 1\nmonths = [12]\n',
            "key 'charges[2].item': 'energy' is charged twice in month 12",
        ),
        (
            FLAT + STEP.format(400) + STEP.format(200),
            "key 'steps': above_kwh must rise from step to step, not 400, 200",
        ),
        (f'[[tariff]]\nid = "T"\nrates = {{ 0 = "peak" }}\n{FLAT[20:]}', "a meter's rate number, 1 or more"),
        (
            f'[[tariff]]\nid = "T"\nkwh_decimals = 9\n{FLAT[20:]}',
            "expected a number of decimals, 0 to 6, not 9",
        ),
        *(
            (f"{FLAT}[tariff.basic]\ncapacity_price = 25\n{line}\n", f"key 'basic.{said}")
            for line, said in (
                ("days_of_month = 0", "days_of_month': expected the days of a month, 28 to 31, not 0"),
                ("kw_decimals = 99", "kw_decimals': expected a number of decimals, 0 to 6, not 99"),
                ("resting_share = 1.5", "resting_share': expected a part of the price, 0 to 1, not 1.5"),
            )
        ),
        (
            f'{FLAT}[[service_point]]\nid = "S"\n[[contract]]\nservice_point = "S"\ntariff = "TT"\n',
            "key 'tariff': there is no [[tariff]] 'TT'",
        ),
        (f"{POINT}kwh = 1\nshare = 0.5\n", "key 'kwh': write either kwh or share"),
        (POINT, "key 'kwh': write either kwh or share"),
        (f"{POINT}share = 1.5\n", "key 'share': expected a part of the month's energy, 0 to 1, not 1.5"),
        (
            POINT.replace("2026-03", "March") + "kwh = 1\n",
            "key 'month': expected a month like 2026-01, not 'March'",
        ),
        (
            f'{POINT}share = 0.6\n{MARKET}share = 0.6\nname = "second"\n',
            "key 'share': the shares of 2026-03 come to 1.2, above 1",
        ),
    ],
)
def test_each_kind_of_mistake_is_named(tmp_path: Path, text: str, problem: str) -> None:
    shown = problems_of(tmp_path, text)
    assert len(shown) == 1, shown
    assert problem in shown[0]


def test_a_version_without_an_end_is_replaced_by_the_next_one(tmp_path: Path) -> None:
    registry = read(tmp_path, FLAT + FLAT.replace('"T"\n', '"T"\nfrom = 2026-02-01\n').replace("0.5", "0.6"))
    prices = [
        tariff.charges[0].price
        for instant in (datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
        if (tariff := registry.tariff_of("T", instant)) is not None
    ]
    assert prices == [Decimal("0.5"), Decimal("0.6")]


@pytest.mark.parametrize(
    "cell", ["", "[", "3", "[3]", "[[]]", '[{"item": 3}]', '[{"prices": {"": 1}}]', "[" * 9999]
)
def test_a_csv_cell_that_holds_no_charges_is_a_named_problem(tmp_path: Path, cell: str) -> None:
    quoted = cell.replace('"', '""')
    (tmp_path / "tariff.csv").write_text(f'id,charges\nT,"{quoted}"\n', encoding="utf-8")
    with pytest.raises(RegistryError, match=r"tariff\.csv:2: \[\[tariff\]\] entry 1, key 'charges"):
        read_registry(tmp_path / "tariff.csv")
