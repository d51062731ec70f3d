"""Every unit, source and clause that a page shows beside a number has a Chinese text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from pipeline.source_texts import CATEGORIES, CLAUSES, SOURCES, UNITS
from services.rule_numbers import rule_numbers
from tests.contract.project import ROOT

NUMBERS = list(rule_numbers())
ENGLISH = re.compile(r"[a-z]{3,}")
SIGNS = {"min", "kWh"}


def tables_in(table: Any) -> Iterator[Mapping[str, Any]]:  # Any: TOML of several depths
    """Yield each table of a file, at any depth."""
    if isinstance(table, list):
        for row in table:
            yield from tables_in(row)
    elif isinstance(table, dict):
        yield table
        for value in table.values():
            yield from tables_in(value)


def told_in_limits(key: str) -> set[str]:
    files = (ROOT / "analysis" / "data").glob("*.toml")
    found = [t for file in files for t in tables_in(tomllib.loads(file.read_text(encoding="utf-8")))]
    assert len(found) > 20
    return {table[key] for table in found if isinstance(table.get(key), str)}


def without(texts: Mapping[str, str], used: set[str]) -> list[str]:
    return sorted(text for text in used - texts.keys() - SIGNS if ENGLISH.search(text))


def test_every_category_of_the_rules_has_a_chinese_text() -> None:
    rules = tomllib.loads((ROOT / "analysis" / "data" / "power_factor_1983.toml").read_text(encoding="utf-8"))
    known = {name for table in tables_in(rules) for name in table.get("categories", ())}
    assert len(known) > 4
    assert sorted(known - CATEGORIES.keys()) == []


@pytest.mark.parametrize(
    ("texts", "used"),
    [
        (UNITS, {number.unit for number in NUMBERS}),
        (SOURCES, {number.source for number in NUMBERS} | told_in_limits("source")),
        (CLAUSES, told_in_limits("clause") | told_in_limits("edition")),
    ],
    ids=["units", "sources", "clauses"],
)
def test_each_has_a_chinese_text(texts: Mapping[str, str], used: set[str]) -> None:
    assert without(texts, used) == []


def test_no_text_is_left_of_what_is_gone() -> None:
    used = {number.unit for number in NUMBERS} | {number.source for number in NUMBERS}
    for key in ("source", "clause", "edition"):
        used |= told_in_limits(key)
    assert sorted({*UNITS, *SOURCES, *CLAUSES} - used) == []
