"""What a meter showed after an order has its words in both languages."""

from __future__ import annotations

import re

import pytest

from pipeline.read_back_texts import READ_BACK_TEXTS, read_back_text


@pytest.mark.parametrize("key", sorted(READ_BACK_TEXTS))
def test_both_languages_name_the_same_parameters(key: str) -> None:
    names = [
        set(re.findall(r"\{(\w+)\}", text)) for text in (READ_BACK_TEXTS[key].en, READ_BACK_TEXTS[key].zh)
    ]
    assert names[0] == names[1]


def test_a_key_and_parameters_give_words() -> None:
    assert read_back_text("relay_open", {}, "zh-CN") == "继电器处于断开（拉闸）状态"
    assert read_back_text("clock_off", {"offset_s": "+1.5"}, "en") == "the clock is off by +1.5 s"
    for key in ("sun", "clock_off"):
        with pytest.raises(KeyError):
            read_back_text(key, {}, "en")
