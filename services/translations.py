"""The words people see, in Chinese and English: catalogues read from their ``.po`` sources at start."""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES: Mapping[str, str] = {"zh": "中文", "en": "English"}
"""The languages there are, each in its own name."""
DEFAULT_LANGUAGE = "en"
_LOCALES = {"zh": "zh_CN", "en": "en_GB"}
"""English dates and numbers follow the British form: day before month, 24 hours, as in a substation log."""


@cache
def translations(language: str) -> gettext.NullTranslations:
    """Return the catalogue of a language; the ``.po`` file is compiled in memory, none is committed.

    Raises:
        KeyError: If there is no such language.
    """
    source = files("pipeline").joinpath("locale", known(language), "LC_MESSAGES", "kilowatch.po")
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(source.read_bytes()), locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@cache
def locale_of(language: str) -> Locale:
    """Return the locale by which numbers and dates of a language are written."""
    return Locale.parse(_LOCALES[known(language)])


def known(language: str) -> str:
    """Return ``language`` if there is a catalogue for it.

    Raises:
        KeyError: If not; the message lists those there are.
    """
    if language not in LANGUAGES:
        raise KeyError(f"no language {language!r}; there are: {', '.join(LANGUAGES)}")
    return language


def preferred(accept_language: str) -> str:
    """Return the language an Accept-Language header likes best (RFC 9110, 12.5.4), else the default."""
    wishes: list[tuple[float, int, str]] = []
    for place, entry in enumerate(accept_language.split(",")):
        tag, _, quality = entry.strip().partition(";")
        wishes.append((-_weight(quality), place, tag.strip().lower().partition("-")[0]))
    for weight, _, tag in sorted(wishes):
        if weight < 0 and tag in LANGUAGES:
            return tag
    return DEFAULT_LANGUAGE


def _weight(quality: str) -> float:
    """Return the number of ``q=0.8``; 1 where it is absent, 0 where it is no number."""
    _, found, number = quality.partition("q=")
    try:
        return float(number) if found else 1.0
    except ValueError:
        return 0.0
