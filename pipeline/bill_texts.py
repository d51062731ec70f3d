"""The words of bills in Chinese and English: names of lines, periods and registers, and what was found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from pipeline.templates import Template, add_templates, tables_in


def _read(kind: str) -> Mapping[str, Template]:
    found: dict[str, Template] = {}
    for _name, tables in tables_in("bill"):
        add_templates(found, tables.get(kind, {}), "bill")
    return MappingProxyType(found)


FINDINGS = _read("finding")
"""Every finding by its code."""
ITEMS = _read("item")
"""Names of lines that a tariff need not name itself."""
PERIODS = _read("period")
SOURCES = _read("source")
"""Where a register at an edge comes from."""
UNITS = _read("unit")
REGISTERS = _read("register")
GATHERED = _read("gathered")
"""What is found while a month is gathered, by its code, beside :data:`FINDINGS`."""
WORDS = _read("word")
"""Everything else that pages and reports say."""
_RATE = re.compile(r"(.+)_t(\d)")


def bill_finding_text(code: str, parameters: Mapping[str, object], language: str) -> str:
    """Return a finding as it is shown; ``zh...`` is Chinese, all else English.

    Raises:
        KeyError: If there is no such code, or a parameter of it is missing.
    """
    return FINDINGS[code].in_language(language).format_map(parameters)


def bill_item_name(item: str, language: str, name_zh: str = "", name_en: str = "") -> str:
    """Return what a line is called: as its tariff says, else by its item; the item where nobody says."""
    own = name_zh if language.startswith("zh") else name_en
    if own:
        return own
    return ITEMS[item].in_language(language) if item in ITEMS else name_zh or name_en or item


def bill_word(key: str, language: str, **parameters: object) -> str:
    """Return a word of pages and reports.

    Raises:
        KeyError: If there is no such word, or a parameter of it is missing.
    """
    return WORDS[key].in_language(language).format_map(parameters)


def named(texts: Mapping[str, Template], key: str, language: str) -> str:
    """Return what a key is called; one that nobody wrote down stands for itself."""
    return texts[key].in_language(language) if key in texts else key


def register_name(quantity: str, language: str) -> str:
    """Return what a register is called, with its rate."""
    match = _RATE.fullmatch(quantity)
    if match is None:
        return named(REGISTERS, quantity, language)
    register = named(REGISTERS, match[1], language)
    return bill_word("rate_of_register", language, register=register, rate=match[2])


def finding_told(code: str, parameters: Mapping[str, object], language: str) -> str:
    """Return a finding as people read it: registers and periods by their names.

    One without a text, or with other parameters than its text wants, is shown as code and parameters: what
    was found must not vanish because its text is wrong.
    """
    told = dict(parameters)
    if isinstance(told.get("period"), str):
        told["period"] = named(PERIODS, str(told["period"]), language)
    if isinstance(told.get("register"), str):
        told["register"] = register_name(str(told["register"]), language)
    try:
        if code in GATHERED:
            return GATHERED[code].in_language(language).format_map(told)
        return bill_finding_text(code, told, language)
    except KeyError:
        listed = ", ".join(f"{key} = {value}" for key, value in told.items())
        return f"{code}: {listed}" if listed else code
