"""The words of the reports in Chinese and English: a key and parameters in, words out."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

from pipeline.errors import ConfigError
from pipeline.messages import Template


def _read() -> Mapping[str, Template]:
    """Read one file a part of a report: they belong to the package as its code does."""
    found: dict[str, Template] = {}
    folder = files("pipeline").joinpath("locale", "reports")
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        for key, row in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if key in found:
                raise ConfigError(f"pipeline/locale/reports has two texts {key!r}: rename one of them")
            found[key] = Template(**row)
    return MappingProxyType(found)


REPORT_TEXTS = _read()
"""Every text of a report by its key, filled by ``str.format`` with parameters."""


def report_text(key: str, language: str, **parameters: object) -> str:
    """Return a text as it is shown; ``zh...`` is Chinese, all else English.

    Raises:
        KeyError: If there is no such text, or a parameter of it is missing.
    """
    return REPORT_TEXTS[key].in_language(language).format_map(parameters)
