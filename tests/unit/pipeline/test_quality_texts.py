"""Texts of the power-quality checks are there in both languages, and fill in their numbers."""

import pytest

from pipeline.quality_texts import reason_text


def test_a_reason_in_both_languages() -> None:
    told = {"n": 12, "least": 30}
    assert reason_text("few_readings", told, "en") == "only 12 readings; the standard asks for 30"
    assert reason_text("few_readings", told, "zh-CN") == "仅有 12 个测量值，标准要求不少于 30 个"


def test_an_unknown_reason_or_a_missing_number_is_an_error() -> None:
    with pytest.raises(KeyError):
        reason_text("because", {}, "en")
    with pytest.raises(KeyError):
        reason_text("few_readings", {"n": 12}, "en")
