"""The words of the reports in Chinese and English: a key and parameters in, words out."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pipeline.templates import Template, add_templates, tables_in


def _read() -> Mapping[str, Template]:
    """Read one file a kind of report."""
    found: dict[str, Template] = {}
    for _name, tables in tables_in("reports"):
        add_templates(found, tables, "reports")
    return MappingProxyType(found)


REPORT_TEXTS = _read()
"""Every text of a report by its key, filled by ``str.format`` with parameters."""


def report_text(key: str, language: str, **parameters: object) -> str:
    """Return a text as it is shown; ``zh...`` is Chinese, all else English.

    Raises:
        KeyError: If there is no such text, or a parameter of it is missing.
    """
    return REPORT_TEXTS[key].in_language(language).format_map(parameters)
