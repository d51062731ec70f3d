"""Texts in Chinese and English side by side, and the tables of ``pipeline/locale`` that hold them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from pipeline.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One text in both languages, filled by ``str.format`` with its parameters."""

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        """Return the text as it is written in a language: ``zh...`` is Chinese, all else English."""
        return self.zh if language.startswith("zh") else self.en


def tables_in(folder: str) -> Iterator[tuple[str, Mapping[str, Any]]]:  # Any: TOML
    """Yield what each file of a folder of ``pipeline/locale`` holds, by its name without the ending.

    They belong to the package as its code does.
    """
    place = files("pipeline").joinpath("locale", folder)
    for file in sorted(place.iterdir(), key=lambda f: f.name):
        yield file.name.removesuffix(".toml"), tomllib.loads(file.read_text(encoding="utf-8"))


def add_templates(found: dict[str, Template], rows: Mapping[str, Mapping[str, str]], where: str) -> None:
    """Add texts by their keys; ``where`` names the folder in an error.

    Raises:
        ConfigError: If there is another text of a key.
    """
    for key, row in rows.items():
        if key in found:
            raise ConfigError(f"pipeline/locale/{where} has two texts {key!r}: rename one of them")
        found[key] = Template(**row)


def templates_of(file: str) -> Mapping[str, Template]:
    """Return the texts of one file of ``pipeline/locale``, a row each, by their keys."""
    rows = tomllib.loads(files("pipeline").joinpath("locale", file).read_text(encoding="utf-8"))
    return MappingProxyType({key: Template(**row) for key, row in rows.items()})
