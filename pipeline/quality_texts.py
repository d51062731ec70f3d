"""The texts of the power-quality checks in Chinese and English: a key and parameters in, words out."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pipeline.templates import Template, add_templates, tables_in


def _read() -> tuple[Mapping[str, Template], Mapping[str, Template], Mapping[str, Template]]:
    """Read one file a check."""
    names: dict[str, Template] = {}
    verdicts: dict[str, Template] = {}
    reasons: dict[str, Template] = {}
    where = "power_quality"
    for name, tables in tables_in(where):
        if "check" in tables:
            add_templates(names, {name: tables["check"]["name"]}, where)
        add_templates(verdicts, tables.get("verdict", {}), where)
        add_templates(reasons, tables.get("reason", {}), where)
    return MappingProxyType(names), MappingProxyType(verdicts), MappingProxyType(reasons)


CHECK_NAMES, VERDICT_NAMES, REASONS = _read()
"""What each check is called, by its name; the verdicts' words; and every reason that a judgement may give."""


def reason_text(key: str, parameters: Mapping[str, object], language: str) -> str:
    """Return a reason as it is shown; ``zh...`` is Chinese, all else English.

    Raises:
        KeyError: If there is no such reason, or a parameter of it is missing.
    """
    return REASONS[key].in_language(language).format_map(parameters)
