"""What a meter showed after an order (回读) in Chinese and English: a key and parameters in, words out."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.templates import templates_of

READ_BACK_TEXTS = templates_of("read_back.toml")


def read_back_text(key: str, parameters: Mapping[str, str], language: str) -> str:
    """Return what was shown; ``zh...`` is Chinese, all else English.

    Raises:
        KeyError: If there is no such text, or a parameter is missing.
    """
    return READ_BACK_TEXTS[key].in_language(language).format_map(parameters)
