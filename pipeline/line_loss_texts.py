"""The words of line loss (台区线损) in Chinese and English."""

from __future__ import annotations

from pipeline.templates import templates_of

LINE_LOSS_TEXTS = templates_of("line_loss.toml")
"""Filled by ``str.format`` with their parameters."""


def loss_text(key: str, language: str = "en", **parameters: object) -> str:
    """Return a text as it is shown; ``zh...`` is Chinese, all else English.

    Raises:
        KeyError: If there is no such text, or a parameter of it is missing.
    """
    return LINE_LOSS_TEXTS[key].in_language(language).format_map(parameters)
