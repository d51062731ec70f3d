"""What load statistics would need of archive and readings: a key with parameters, words when shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from pipeline.templates import templates_of

LOAD_WANTS = templates_of("load_wants.toml")
Parameter: TypeAlias = str | Sequence[str]
"""A list holds keys of the archive, quantities or ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """One thing that is wanted."""

    key: str
    """Of ``pipeline/locale/load_wants.toml``."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return it in English, with the keys of the archive as they are written there."""
        return want_text(self.key, self.parameters, "en", ", ".join)


def want_text(
    key: str, parameters: Mapping[str, Parameter], language: str, told: Callable[[Sequence[str]], str]
) -> str:
    """Return what is wanted; ``zh...`` is Chinese, all else English.

    Args:
        key: Which text.
        parameters: What it is about.
        language: In which language.
        told: Tells a list of names.

    Raises:
        KeyError: If there is no such text, or a parameter is missing.
    """
    shown = {name: value if isinstance(value, str) else told(value) for name, value in parameters.items()}
    return LOAD_WANTS[key].in_language(language).format_map(shown)
