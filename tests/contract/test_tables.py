"""Every table of every page says what it holds, and every head of it of what it is one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.contract.project import ROOT

TEMPLATES = sorted((ROOT / "dashboard" / "templates").rglob("*.html"))
TABLE = re.compile(r"<table\b[^>]*>", re.IGNORECASE)
CAPTION = re.compile(r"\s*<caption\b[^>]*>(?P<text>.*?)</caption>", re.IGNORECASE | re.DOTALL)
HEAD = re.compile(r"<th\b(?P<attributes>(?:\{[{%].*?[%}]\}|[^>])*)>", re.IGNORECASE | re.DOTALL)


def nameless_tables(text: str) -> list[str]:
    found = [(table[0], CAPTION.match(text, table.end())) for table in TABLE.finditer(text)]
    return [tag for tag, caption in found if caption is None or not caption["text"].strip()]


def heads_without_scope(text: str) -> list[str]:
    return [head[0] for head in HEAD.finditer(text) if "scope=" not in head["attributes"]]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_table_has_a_caption(template: Path) -> None:
    assert nameless_tables(template.read_text("utf-8")) == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_head_of_a_table_has_a_scope(template: Path) -> None:
    assert heads_without_scope(template.read_text("utf-8")) == []


def test_what_is_lacking_is_found() -> None:
    assert nameless_tables("<table class=a><caption>Meters</caption></table><table>\n<thead>") == ["<table>"]
    assert nameless_tables("<table><caption> </caption>") == ["<table>"]
    lacking = '<th{% if a > 1 %} class="right"{% endif %}>'
    assert heads_without_scope(f'<thead><th scope="col">A</th>{lacking}B</th>') == [lacking]
