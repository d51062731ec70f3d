"""The words of bills in Chinese and English: findings, items, periods, sources of registers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from pipeline.model import Json
from pipeline.templates import Template, add_templates, tables_in


def _read() -> Mapping[str, Template]:
    """Read every file of the folder; keys are ``table.key``."""
    found: dict[str, Template] = {}
    for _name, tables in tables_in("bill"):
        for table, rows in tables.items():
            add_templates(found, {f"{table}.{key}": row for key, row in rows.items()}, "bill")
    return MappingProxyType(found)


BILL_TEXTS = _read()
"""Every text of bills by its key, filled by ``str.format`` with parameters."""
_RATE = re.compile(r"(.+)_t(\d)")


def bill_text(key: str, language: str, **parameters: object) -> str:
    """Return a text as it is shown; ``zh...`` is Chinese, all else English.

    Raises:
        KeyError: If there is no such text, or a parameter of it is missing.
    """
    return BILL_TEXTS[key].in_language(language).format_map(parameters)


def word_of(table: str, name: str, language: str) -> str:
    """Return what a name of a table is called; a name that nobody wrote down stands for itself."""
    template = BILL_TEXTS.get(f"{table}.{name}")
    return name if template is None else template.in_language(language)


def finding_text(code: str, parameters: Mapping[str, Json], language: str) -> str:
    """Return a finding as a sentence; one without a text is shown as its code and parameters."""
    named = dict(parameters)
    if "period" in named:
        named["period"] = word_of("period", str(named["period"]), language)
    if "register" in named:
        named["register"] = register_name(str(named["register"]), language)
    try:
        return bill_text(f"finding.{code}", language, **named)
    except KeyError:
        listed = ", ".join(f"{key} = {value}" for key, value in parameters.items())
        return f"{code}: {listed}" if listed else code


def register_name(quantity: str, language: str) -> str:
    """Return what a register is called, with its rate."""
    match = _RATE.fullmatch(quantity)
    if match is None:
        return word_of("register", quantity, language)
    return bill_text(
        "register.rate", language, register=word_of("register", match[1], language), rate=match[2]
    )


def item_name(line: Mapping[str, Json], language: str) -> str:
    """Return what a line of a bill's document is called: as the tariff says, else in our own words."""
    own = line.get("name_zh") if language.startswith("zh") else line.get("name_en")
    other = line.get("name_en") or line.get("name_zh")
    named = word_of("item", str(line["item"]), language)
    return str(own or (named if named != line["item"] else other) or named)
