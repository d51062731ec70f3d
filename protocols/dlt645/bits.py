"""Names the bits of status words (运行状态字) and other words of DL/T 645, from ``identifiers/bits.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TypeAlias

Words: TypeAlias = tuple[str, str]
"""English and Chinese."""
STATUS_WORDS = 7


@dataclass(frozen=True, slots=True)
class BitField:
    """One bit, or a few together."""

    low: int
    width: int
    meanings: tuple[Words | None, ...]
    """By value; None where a value says nothing worth telling."""

    @property
    def place(self) -> str:
        """Which bits these are, as people write them."""
        return f"{self.low}" if self.width == 1 else f"{self.low}..{self.low + self.width - 1}"

    def meaning(self, word: int) -> Words | None:
        """Return what the bits say in ``word``."""
        value = word >> self.low & (1 << self.width) - 1
        return self.meanings[value] if value < len(self.meanings) else None


@cache
def bit_tables() -> Mapping[str, tuple[BitField, ...]]:
    """Return the fields of every word that has named bits, by the word's name."""
    text = (
        resources.files("protocols.dlt645").joinpath("identifiers", "bits.toml").read_text(encoding="utf-8")
    )
    return {
        name: tuple(_field(place, told) for place, told in table.items())
        for name, table in tomllib.loads(text).items()
    }


def named_bits(table: str, word: int) -> tuple[Words, ...]:
    """Return what the bits of a word say: those that are set, and those whose zero means something too."""
    found = (field.meaning(word) for field in bit_tables()[table])
    return tuple(words for words in found if words is not None)


def status_bits(words: Sequence[float]) -> tuple[Words, ...]:
    """Return what the status words 1 to 7 say, as they stand in ``Quantity.STATUS_WORDS``."""
    return tuple(
        said
        for number, word in enumerate(words[:STATUS_WORDS], start=1)
        for said in named_bits(f"status_{number}", int(word))
    )


def _field(place: str, told: Mapping[str, Sequence[str]] | Sequence[object]) -> BitField:
    low, _, high = place.partition("..")
    if isinstance(told, Mapping):
        meanings: tuple[Words | None, ...] = (_words(told["zero"]), _words(told["one"]))
    elif high:
        meanings = tuple(_words(entry) for entry in told)
    else:
        meanings = (None, _words(told))
    return BitField(int(low), int(high or low) - int(low) + 1, meanings)


def _words(pair: object) -> Words:
    if not isinstance(pair, Sequence):
        raise TypeError(f"expected [English, Chinese], not {pair!r}")
    english, chinese = pair
    return str(english), str(chinese)
