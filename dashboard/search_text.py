"""What people type into a search field, in the characters that names are filed in."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Final

from pydantic import AfterValidator

_FULL_WIDTH: Final = 0xFEE0
"""So far above the ASCII characters stand their full-width forms (全角), U+FF01 to U+FF5E."""
_TYPED_FOR: Final = str.maketrans(
    {
        "\u3000": " ",
        **{chr(ord(each) + _FULL_WIDTH): each for each in "-_./#+"},
        **{
            chr(code + _FULL_WIDTH): chr(code)
            for first, last in ("09", "AZ", "az")
            for code in range(ord(first), ord(last) + 1)
        },
    }
)


def half_width(text: str) -> str:
    """Return a text with the letters, digits and signs of ids as a Chinese input method does not write them.

    Narrower than NFKC: brackets and commas stay full-width, for so they stand in filed names.
    """
    return text.translate(_TYPED_FOR)


SearchText = Annotated[str, AfterValidator(half_width)]
"""A query parameter that something is searched by."""


def words_of(text: str) -> list[str]:
    """Return the words of what was typed, in lower case and whatever their width (NFKC)."""
    return unicodedata.normalize("NFKC", text).lower().replace("\x00", " ").split()
