from decimal import Decimal

from analysis.load.advice import advice, cents, exact


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
    assert found.formula == "moved_kwh x (dear_yuan_per_kwh - cheap_yuan_per_kwh)"


def test_money_is_rounded_half_up_and_measurements_to_a_millionth() -> None:
    assert cents(Decimal("0.125")) == Decimal("0.13")
    assert exact(0.1 + 0.2) == Decimal("0.300000")
