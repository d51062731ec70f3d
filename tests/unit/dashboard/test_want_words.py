"""What load statistics want is told in the reader's language."""

from __future__ import annotations

import pytest

from dashboard.want_words import want_text
from services.translations import translations

ZH, EN = translations("zh"), translations("en")


@pytest.mark.parametrize(
    ("want", "chinese"),
    [
        (
            "[[contract]] of service point SP-001: contract_demand_kw",
            "档案 [[contract]]（用电户 SP-001）：合同需量 (contract_demand_kw)",
        ),
        (
            "[[contract]] of service point A: B: category, capacity_kva",
            "档案 [[contract]]（用电户 A: B）：用电类别 (category)、容量 (capacity_kva)",
        ),
        (
            "[[transformer]] of area TA-01: capacity_kva",
            "档案 [[transformer]]（台区 TA-01）：容量 (capacity_kva)",
        ),
        ("[[tariff]] 大工业 10kV in force over the span", "档案 [[tariff]]：本月有效的电价 大工业 10kV"),
        ("intervals: import_kvarh", "电量：各时段的无功电量"),
        (
            "one main meter: the demands of several registers do not add up",
            "仅一块主表：多块电表的数值不可相加",
        ),
    ],
)
def test_each_want_has_its_sentence(want: str, chinese: str) -> None:
    assert want_text(want, ZH) == chinese
    assert want_text(want, EN) != ""


def test_quantities_are_called_by_their_names() -> None:
    assert want_text("readings: active_power_a, active_power_b", EN) == (
        "readings: Active power, phase A, Active power, phase B"
    )
    assert want_text("readings: max_demand_import with max_demand_import_at", ZH).startswith("读数：")


def test_a_sentence_that_nobody_knows_stands_for_itself() -> None:
    assert want_text("more sun", ZH) == "more sun"
