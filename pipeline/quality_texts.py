"""The texts of the power-quality checks in Chinese and English: a key and parameters in, words out."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

from pipeline.errors import ConfigError
from pipeline.messages import Template


def _read() -> tuple[Mapping[str, Template], Mapping[str, Template], Mapping[str, Template]]:
    """Read one file a check: they belong to the package as its code does."""
    names: dict[str, Template] = {}
    verdicts: dict[str, Template] = {}
    reasons: dict[str, Template] = {}
    folder = files("pipeline").joinpath("locale", "power_quality")
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        if "check" in tables:
            names[file.name.removesuffix(".toml")] = Template(**tables["check"]["name"])
        verdicts |= {key: Template(**row) for key, row in tables.get("verdict", {}).items()}
        for key, row in tables.get("reason", {}).items():
            if key in reasons:
                raise ConfigError(
                    f"pipeline/locale/power_quality has two reasons {key!r}: rename one of them"
                )
            reasons[key] = Template(**row)
    return MappingProxyType(names), MappingProxyType(verdicts), MappingProxyType(reasons)


CHECK_NAMES, VERDICT_NAMES, REASONS = _read()
"""What each check is called, by its name; the verdicts' words; and every reason that a judgement may give."""


def reason_text(key: str, parameters: Mapping[str, object], language: str) -> str:
    """Return a reason as it is shown; ``zh...`` is Chinese, all else English.

    Raises:
        KeyError: If there is no such reason, or a parameter of it is missing.
    """
    return REASONS[key].in_language(language).format_map(parameters)
