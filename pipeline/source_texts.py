"""What units, sources, clauses and categories of use are called in Chinese; data and files have English."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Final

_TABLES: Final[Mapping[str, Mapping[str, str]]] = tomllib.loads(
    files("pipeline").joinpath("locale", "sources.toml").read_text(encoding="utf-8")
)
UNITS, SOURCES, CLAUSES, CATEGORIES = (
    MappingProxyType(_TABLES[name]) for name in ("units", "sources", "clauses", "categories")
)
"""The Chinese texts of each kind by the English ones: signs (kWh, %) are the same in both languages, and of
categories of use (用电类别) those that the rules know."""


def in_words(texts: Mapping[str, str], text: str, language: str) -> str:
    """Return a text of one kind as it is shown; what a user filed themselves stands as it is."""
    return texts.get(text, text) if language.startswith("zh") else text


def reference_text(standard: str, edition: str, clause: str, language: str) -> str:
    """Return what is quoted of a standard: name, edition and clause."""
    edition, clause = (in_words(CLAUSES, part, language) for part in (edition, clause))
    name = f"{standard}-{edition}".rstrip("-")
    return f"{name} {clause}".strip()
