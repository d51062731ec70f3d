"""The words of bills in Chinese and English: names of lines and periods, and what was found."""

from __future__ import annotations

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
