import re
from decimal import Decimal

import pytest

from analysis.load.advice import _texts, advice, cents, exact, name_of, told_formula


def test_an_advice_says_the_same_in_both_languages() -> None:
    found = advice(
        "shift",
        saving_yuan=Decimal("12.30"),
        quantities={"moved_kwh": 41.0},
        words={"dear": "peak", "cheap": "deep_valley"},
        coverage=1.0,
    )
    assert found.en == "Shifting 41 kWh from peak to deep valley hours saves 12.30 yuan"
    assert found.zh == "将 41 kWh 由高峰时段移至深谷时段，可节省 12.30 元"
    assert found.formula == "saving_yuan = moved_kwh x (dear_yuan_per_kwh - cheap_yuan_per_kwh)"


def test_money_is_rounded_half_up_and_measurements_to_a_millionth() -> None:
    assert cents(Decimal("0.125")) == Decimal("0.13")
    assert exact(0.1 + 0.2) == Decimal("0.300000")


def test_a_formula_is_told_in_words() -> None:
    formula = "by_demand_yuan = maximum_kw x demand_price"
    assert told_formula(formula, "zh") == "按实际需量计基本电费 = 最大需量 × 需量电价"
    assert told_formula(formula, "en") == "basic charge by demand = maximum demand × price of demand"
    assert name_of("maximum_kw", "zh") == "最大需量（kW）"
    assert name_of("not_known", "zh") == "not_known"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_name_in_a_formula_is_known(language: str) -> None:
    formulas = [kind["formula"] for kind in _texts().values() if "formula" in kind]
    assert len(formulas) >= 6
    names = {name for formula in formulas for name in re.findall(r"[a-z_]{3,}", formula)} - {"max"}
    assert names <= _texts()["names"][language].keys()
