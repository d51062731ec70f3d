"""Texts of bills: one for each code, item and period, in both languages."""

from __future__ import annotations

from string import Formatter

import pytest

from analysis.settlement.codes import Code
from pipeline.bill_texts import FINDINGS, ITEMS, PERIODS, bill_finding_text, bill_item_name
from pipeline.tariff import Period


def test_each_code_has_its_text_and_each_text_its_code() -> None:
    assert set(FINDINGS) == {code.value for code in Code}


@pytest.mark.parametrize("code", sorted(FINDINGS))
def test_both_languages_say_the_same_parameters(code: str) -> None:
    template = FINDINGS[code]
    named = [
        {name for _, name, _, _ in Formatter().parse(text) if name} for text in (template.en, template.zh)
    ]
    assert named[0] == named[1]


def test_each_period_has_a_name() -> None:
    assert set(PERIODS) == {period.value for period in Period}


def test_a_line_is_called_as_its_tariff_says_else_by_its_item() -> None:
    assert bill_item_name("energy", "zh-CN", name_zh="目录电费") == "目录电费"
    assert bill_item_name("energy", "zh-CN") == ITEMS["energy"].zh == "电度电费"
    assert bill_item_name("levy", "en", name_zh="附加") == "附加"
    assert bill_item_name("levy", "en") == "levy"


def test_a_finding_is_filled_with_its_parameters() -> None:
    text = bill_finding_text("demand_missing", {"what": "P1"}, "en")
    assert text == "no maximum demand of P1 is known for this month"
