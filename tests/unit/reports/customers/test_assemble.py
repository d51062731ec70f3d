import shlex
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from analysis.settlement.bill import BillFinding, BillLine
from reports.customers.assemble import sheet_of
from reports.customers.facts import CustomerFacts
from reports.customers.sheet import CustomerSheet, Facts, Note, Table, Told, Word
from reports.customers.telling import Telling
from tests.large_customers import bare_facts, facts


def _section(sheet: CustomerSheet, key: str) -> Any:
    return next(section for section in sheet.sections if section.key == key)


def _fact(sheet: CustomerSheet, key: str, name: str) -> Any:
    blocks = [block for block in _section(sheet, key).blocks if isinstance(block, Facts)]
    return next(fact for block in blocks for fact in block.rows if fact.name == name)


def _table(sheet: CustomerSheet, key: str, name: str) -> Any:
    return next(b for b in _section(sheet, key).blocks if isinstance(b, Table) and b.name == name)


def test_the_sections_come_in_their_order() -> None:
    assert [section.key for section in sheet_of(facts()).sections] == [
        "contract",
        "suspensions",
        "load",
        "quality",
        "bill",
        "price",
        "forecast",
        "episodes",
        "documents",
    ]


def test_the_numbers_are_those_worked_out_by_hand() -> None:
    sheet = sheet_of(facts())
    assert _fact(sheet, "load", "maximum").value == pytest.approx(8.0)
    assert _fact(sheet, "load", "load_factor").value == pytest.approx(100.0)
    assert _fact(sheet, "load", "coverage").value == pytest.approx(100.0)
    assert str(_fact(sheet, "bill", "billed_yuan").value) == "4785.47"
    assert str(_fact(sheet, "bill", "average_price").value) == "0.804010"
    lines = _table(sheet, "bill", "bill_lines").rows
    assert sum(row[-1] for row in lines) == _fact(sheet, "bill", "billed_yuan").value
    assert _fact(sheet, "forecast", "month_max_p90").value == 9.5


def test_the_effects_lead_from_the_price_before_to_this_one_exactly() -> None:
    rows = _table(sheet_of(facts()), "price", "price_effects").rows
    before, *effects, now = [row[1] for row in rows]
    # February: 0.65 yuan/kWh and 2 500 yuan on 5 376 kWh.
    assert (str(before), str(now)) == ("1.115030", "0.804010")
    assert sum(effects) == now - before
    told = {row[0].key: row[1] for row in rows}
    # By hand: 916.67 - 2 500 yuan times the mean of 1/5952 and 1/5376; their mean times what 1/kWh fell by.
    # What rounding leaves, a millionth, is with the largest effect.
    assert told["effect_basic"] == Decimal("-0.280267") - Decimal("0.000001")
    assert told["effect_use"] == Decimal("-0.030752")
    assert told["effect_price"] == told["effect_mix"] == 0


def test_a_suspension_s_row_has_maximum_time_and_result() -> None:
    (row,) = _table(sheet_of(facts()), "suspensions", "suspensions_checked").rows
    assert (row[0], row[7], row[8], row[9]) == ("ZT-1", 5.0, "kW", pytest.approx(8.0))
    assert row[1].key == "kept_drawing"


def test_open_episodes_say_what_to_check_in_both_languages() -> None:
    (row,) = _table(sheet_of(facts()), "episodes", "open_episodes").rows
    assert isinstance(row[2], Told)
    assert "ZT-1" in row[2].zh
    assert "seal" in row[5].en


def test_what_is_not_there_names_the_entry_or_command_that_it_wants() -> None:
    sheet = sheet_of(bare_facts())
    t = Telling(language="en", zone=sheet.zone)
    absent = {
        section.key: t.words(block.text)
        for section in sheet.sections
        for block in section.blocks
        if isinstance(block, Note) and block.is_absent
    }
    assert "[[contract]]" in absent["contract"]
    assert "load_monitoring" in absent["load"]
    assert "kilowatch quality --month 2026-03 --point SP" in absent["quality"]
    assert "kilowatch settle --month 2026-03" in absent["bill"]
    assert "kilowatch settle" in absent["price"]
    assert "kilowatch forecast" in absent["forecast"]
    # Nothing is shown as 0 that nobody measured.
    assert not [b for s in sheet.sections for b in s.blocks if isinstance(b, Facts)]


def test_a_month_heading_beyond_its_contract_demand_is_warned_of() -> None:
    known = facts()
    (point,) = known.points
    assert point.contract is not None
    agreed = replace(known, points=[replace(point, contract=replace(point.contract, contract_demand_kw=8.0))])
    notes = [b for b in _section(sheet_of(agreed), "forecast").blocks if isinstance(b, Note)]
    # 9.5 kW against 105 % of 8 kW.
    assert [note.text for note in notes] == [Word(key="demand_warning", parameters={"kw": 1.1})]
    assert isinstance(notes[0].text, Word)
    assert notes[0].text.parameters == {"kw": 1.1}


def test_a_command_is_one_that_a_shell_takes_whatever_the_name() -> None:
    known = replace(facts(), customer="O'Neill; rm x")
    (section,) = [s for s in sheet_of(known).sections if s.key == "documents"]
    (table,) = [block for block in section.blocks if isinstance(block, Table)]
    command = table.rows[0][2]
    assert isinstance(command, str)
    assert shlex.split(command)[2:4] == ["--customer", "O'Neill; rm x"]


def _march(**changed: Any) -> CustomerFacts:
    """Return the works with another bill of March."""
    known = facts()
    (point,) = known.points
    bill = point.bills[-1]
    return replace(known, points=[replace(point, bills=[point.bills[0], replace(bill, **changed)])])


def test_what_interim_bills_took_is_part_of_what_a_month_cost() -> None:
    # 3 000 of 4 785.47 yuan were paid before: the month cost 4 785.47 all the same, 0.804010 yuan/kWh.
    lines = facts().points[0].bills[-1].lines
    paid = BillLine(
        item="interim", quantity=Decimal(3000), unit="yuan", price=Decimal(-1), amount=Decimal(-3000)
    )
    sheet = sheet_of(_march(lines=[*lines, paid]))
    told = {fact.name: fact.value for fact in _section(sheet, "bill").blocks[0].rows}
    assert (told["billed_yuan"], told["average_price"]) == (Decimal("4785.47"), Decimal("0.804010"))
    months = next(b for b in _section(sheet, "price").blocks if getattr(b, "name", "") == "price_months")
    assert months.rows[0][2:4] == [Decimal("4785.47"), Decimal("0.804010")]


def test_a_refused_bill_has_no_price_and_is_no_month_before() -> None:
    refused = [BillFinding(code="no_reading", refuses=True)]
    (note,) = [b for b in _section(sheet_of(_march(findings=refused)), "price").blocks if isinstance(b, Note)]
    assert note.is_absent
    known = facts()
    (point,) = known.points
    bills = [replace(point.bills[0], findings=refused), point.bills[1]]
    sheet = sheet_of(replace(known, points=[replace(point, bills=bills)]))
    months = next(b for b in _section(sheet, "price").blocks if getattr(b, "name", "") == "price_months")
    assert [row[0] for row in months.rows] == ["2026-03"]
