"""Reads a configuration's text whatever a recorder wrote it in: UTF-8, GBK (GB 18030) or Windows-1251."""

from __future__ import annotations

import re
from typing import Final

CHINESE: Final = "gb18030"
CYRILLIC: Final = "cp1251"
ANY: Final = "latin-1"
"""Gives every byte a letter; only names can come out wrong."""
_HIGH: Final = re.compile(rb"[\x80-\xff]+")
_CAPITALS: Final = range(0xC0, 0xE0)
"""Of Cyrillic in cp1251."""
_USUAL: Final = range(0xB0, 0xD8)
"""First bytes of the usual Chinese characters (GB 2312, level 1)."""
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
END_OF_FILE: Final = "\x1a"


def decoded(raw: bytes) -> tuple[str, str]:
    """Return a text and the encoding that it was read by; every byte string has one.

    COMTRADE knows ASCII (1991, 1999) and UTF-8 (2013); recorders write names in the code page of their
    country. Numbers are the same in all of them.
    """
    try:
        return raw.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        pass
    for encoding in (CHINESE, CYRILLIC) if _looks_chinese(raw) else (CYRILLIC,):
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return raw.decode(ANY), ANY


def lines_of(text: str) -> list[str]:
    """Return a text's lines, whichever way they end; the end-of-file mark of old systems is left out."""
    return _LINE_END.split(text.replace(END_OF_FILE, ""))


def _looks_chinese(raw: bytes) -> bool:
    """Tell GBK from cp1251: two bytes a character, most of them usual ones, and not capitals alone."""
    runs = _HIGH.findall(raw)
    if any(len(run) % 2 for run in runs):
        return False
    letters = b"".join(runs)
    if all(byte in _CAPITALS for byte in letters):
        return False
    firsts = letters[::2]
    return 2 * sum(byte in _USUAL for byte in firsts) > len(firsts)
