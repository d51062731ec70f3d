"""Texts in two languages: the language decides, and no text takes another one's place."""

import pytest

from pipeline.errors import ConfigError
from pipeline.templates import Template, add_templates, tables_in, templates_of

ROW = {"en": "open", "zh": "未结"}


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "open"), ("zh", "未结"), ("zh-CN", "未结"), ("fr", "open")],
)
def test_the_language_decides_and_all_but_chinese_is_english(language: str, text: str) -> None:
    assert Template(**ROW).in_language(language) == text


def test_a_second_text_of_a_key_is_refused() -> None:
    found: dict[str, Template] = {}
    add_templates(found, {"a": ROW, "b": ROW}, "episodes")
    assert set(found) == {"a", "b"}
    with pytest.raises(ConfigError, match="pipeline/locale/episodes has two texts 'b'"):
        add_templates(found, {"b": ROW}, "episodes")


def test_the_files_of_a_folder_come_by_name() -> None:
    names = [name for name, _ in tables_in("power_quality")]
    assert names == sorted(names)
    assert "every_check" in names
    assert all(text.en and text.zh for text in templates_of("on_site.toml").values())
