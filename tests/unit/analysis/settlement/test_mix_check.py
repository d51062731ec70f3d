from dataclasses import replace
from datetime import date
from decimal import Decimal

from analysis.settlement.mix_check import is_mix_proven
from analysis.settlement.period_days import PeriodDay

DAY = PeriodDay(day=date(2026, 6, 1), kwh=(0.0, 40.0, 35.0, 25.0, 0.0), slots=96, missing=0, estimated=0)


def _billed(peak: str, flat: str, valley: str) -> dict[str, Decimal]:
    return {"peak": Decimal(peak), "flat": Decimal(flat), "valley": Decimal(valley)}


def test_shares_that_agree_within_a_percent_are_proven() -> None:
    assert is_mix_proven(_billed("400", "350", "250"), [DAY, DAY]) is True
    assert is_mix_proven(_billed("409", "345", "246"), [DAY]) is True


def test_rates_the_wrong_way_round_are_contradicted() -> None:
    assert is_mix_proven(_billed("250", "350", "400"), [DAY]) is False
    assert is_mix_proven(_billed("411", "345", "244"), [DAY]) is False


def test_a_curve_with_holes_proves_nothing() -> None:
    assert is_mix_proven(_billed("250", "350", "400"), [replace(DAY, missing=6)]) is None
    assert is_mix_proven(_billed("250", "350", "400"), []) is None
    assert is_mix_proven({}, [DAY]) is None
