"""English that stays on Chinese pages: words that are neither names, units, keys of files nor commands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Final

_NOT_READ: Final = frozenset({"script", "style", "code", "kbd", "pre"})
_NEVER_CLOSED: Final = frozenset({"meta", "link", "input", "img", "br", "hr", "wbr"})
_ATTRIBUTES: Final = frozenset({"title", "aria-label", "placeholder", "alt", "data-question", "data-label"})
_TO_WRITE: Final = re.compile(
    r"\[\[\w+\]\](?:（[^）]*）)?[：:]? ?\w*"  # an entry of the archive and its key
    r"|\b(?:kilowatch|prefect|openssl|sha256sum)(?: +[\w.|'-]+)+"  # commands
    r"|[A-Z]+(?:_[A-Z]+)*=\S+|\w+ = \"?\w+\"?|\{\w+\}|\(\w+\)"  # settings, keys and their values
    r"|\w+://\S+|[\w.-]+@[\w.-]+|docs/\S+|[\w/-]+\.(?:md|toml|json|sha256|sig|pem|com|net|org)\b"
    r"|[A-Za-z0-9]*(?:_[A-Za-z0-9]+)+"  # keys
    r"|\b[A-Z]{2,}\b"  # names in capitals
    r"|\b[\w-]*\d[\w.-]*"  # numbers of standards and models, ids
)
_WORD: Final = re.compile(r"[A-Za-z]{3,}")
ALLOWED: Final = frozenset(
    {
        *("Kilowatch", "English", "Prefect", "Modbus", "OpenAPI", "Authorization", "Bearer"),
        "forecasting",  # a flow whose name is one word
        *("kWh", "kvarh", "kVAh", "kvar", "kVA", "MVA", "min", "deg", "Hz"),  # units
        *("THD", "MAD", "CSV", "PDF", "Excel", "HTML", "JSON", "Parquet", "Shanghai", "Asia", "tan"),
        *("California", "Itron", "Oracle", "SimBench", "Swiss"),  # names in sources
        *("Rockwell", "PowerMonitor", "Schneider", "Amprobe", "Fluke", "Power", "Quality", "Electrical"),
    }
)
"""Names and units that a Chinese engineer reads as they are."""


def english_on(html: str, known: Sequence[str] = ()) -> list[str]:
    """Return the texts of a page that hold an English word; ``known`` are words of the archive."""
    reader = _Reader()
    reader.feed(html)
    return [text for text in reader.texts if _words(text, known)]


def _words(text: str, known: Sequence[str]) -> list[str]:
    for word in known:
        text = text.replace(word, " ")
    return [word for word in _WORD.findall(_TO_WRITE.sub(" ", text)) if word not in ALLOWED]


class _Reader(HTMLParser):
    """Gathers what is read or read out, but for what is set as code or said to be in another language."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        own = (given.get("lang") or "zh").startswith("zh") and "mono" not in (
            given.get("class") or ""
        ).split()
        is_read = own and tag not in _NOT_READ and (not self._open or self._open[-1][1])
        if is_read:
            self.texts += [value for name, value in attrs if name in _ATTRIBUTES and value]
        if tag not in _NEVER_CLOSED:
            self._open.append((tag, is_read))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and self._open and self._open[-1][1]:
            self.texts.append(data.strip())
