"""Texts of bills: one for each code, item and period, in both languages."""

from __future__ import annotations

from string import Formatter

import pytest

from analysis.settlement.codes import Code
from pipeline.bill_texts import BILL_TEXTS, bill_text, finding_text, item_name, register_name, word_of
from pipeline.tariff import Period

OWN_ITEMS = (
    "market",
    "basic_capacity",
    "basic_resting",
    "basic_demand",
    "basic_demand_over",
    "power_factor",
    "tax",
)


def test_each_code_item_and_period_of_our_own_has_a_text() -> None:
    wanted = [
        *(f"finding.{code}" for code in Code),
        *(f"item.{item}" for item in OWN_ITEMS),
        *(f"period.{period}" for period in Period),
    ]
    assert [key for key in wanted if key not in BILL_TEXTS] == []


@pytest.mark.parametrize("key", sorted(BILL_TEXTS))
def test_both_languages_name_the_same_parameters(key: str) -> None:
    texts = (BILL_TEXTS[key].en, BILL_TEXTS[key].zh)
    named = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in texts]
    # A Chinese sentence may leave out what the page beside it says, never add.
    assert named[1] <= named[0]


def test_a_line_is_called_as_its_tariff_says_else_by_its_item() -> None:
    assert item_name({"item": "energy", "name_zh": "目录电费"}, "zh-CN") == "目录电费"
    assert item_name({"item": "tax"}, "zh-CN") == "税额"
    assert item_name({"item": "levy", "name_zh": "附加"}, "en") == "附加"
    assert item_name({"item": "levy"}, "en") == "levy"


def test_a_finding_names_period_and_register_in_words() -> None:
    found = finding_text("negative_energy", {"period": "valley", "kwh": "-3"}, "zh-CN")
    assert found == "谷 时段电量为 -3 kWh，小于零。"
    ran_back = {
        "meter": "M",
        "register": "active_energy_import_t2",
        "opening": "5",
        "closing": "4",
        "at": "noon",
    }
    told = finding_text("ran_back", ran_back, "en")
    assert told.startswith(
        "M Active import, rate 2 ran back from 5 to 4 (noon), and no roll-over explains it."
    )


def test_what_has_no_text_is_shown_as_it_came() -> None:
    assert finding_text("novel", {"kwh": "1"}, "en") == "novel: kwh = 1"
    assert finding_text("demand_missing", {}, "en") == "demand_missing"
    assert word_of("item", "levy", "en") == "levy"
    assert register_name("apparent_energy_import", "en") == "apparent_energy_import"
    assert bill_text("period.peak", "zh-CN") == "峰"
