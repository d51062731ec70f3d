from __future__ import annotations

import pytest

from services.translations import locale_of, preferred, translations


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("de-DE,zh;q=0.5,en;q=0.4", "zh"),
        ("en;q=0.2, zh;q=0.7", "zh"),
        ("zh;q=0", "en"),
        ("fr", "en"),
        ("", "en"),
        ("zh;q=nonsense", "en"),
        (";;;,,,", "en"),
    ],
)
def test_the_browsers_first_wish_that_we_have_is_taken(header: str, language: str) -> None:
    assert preferred(header) == language


def test_the_same_key_reads_differently_in_each_language() -> None:
    assert translations("zh").gettext("No answer") == "无应答"
    assert translations("en").gettext("No answer") == "No answer"


def test_plurals_follow_the_language() -> None:
    one_many = ("%(num)s meter", "%(num)s meters")
    assert translations("en").ngettext(*one_many, 1) == "%(num)s meter"
    assert translations("zh").ngettext(*one_many, 1) == translations("zh").ngettext(*one_many, 2)


def test_an_unknown_language_is_refused_with_those_there_are() -> None:
    with pytest.raises(KeyError, match="zh, en"):
        translations("fr")
    with pytest.raises(KeyError):
        locale_of("fr")
