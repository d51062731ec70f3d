import pytest

from pipeline.line_loss_texts import LINE_LOSS_TEXTS, loss_text


def test_every_text_has_both_languages() -> None:
    assert all(text.en and text.zh for text in LINE_LOSS_TEXTS.values())


def test_a_text_is_filled_in_the_language_asked_for() -> None:
    assert loss_text("verdict_high") == "high loss"
    assert loss_text("reason_less", "zh-CN", kwh=12.4) == "较此前同时段少计 12 kWh"


def test_an_unknown_text_is_an_error() -> None:
    with pytest.raises(KeyError):
        loss_text("nonsense")
