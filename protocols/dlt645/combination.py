"""Says what combined reactive energy (组合无功) is: the meter's combination word decides.

A word of 05H adds quadrants I and II: that is reactive import. 50H adds III and IV: export. Any other sum
is no quantity of ours and is told as it is, never taken for one (DL/T 645-2007, 04000602 and 04000603).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from protocols.dlt645.catalogue import IDENTIFIER_2007, Item, altered
from protocols.dlt645.catalogue_rows import Row

COMBINED_1: Final = 0x03
"""DI2 of combined reactive energy 1, also II of its freezes; 2 is the next."""
WORDS: Final[Mapping[int, bytes]] = {
    COMBINED_1: bytes.fromhex("02060004"),
    COMBINED_1 + 1: bytes.fromhex("03060004"),
}
"""The identifier of the word that decides, DI0 first."""
MEANINGS: Final[Mapping[int, str]] = {0x05: "reactive_energy_import{}", 0x50: "reactive_energy_export{}"}
"""What a word of this value makes of the sum, as a quantity's template."""
ENERGY: Final = 0x00
FREEZE: Final = 0x05


def is_combined(row: Row) -> bool:
    """Tell whether a row is a combined reactive energy, present or frozen: a word decides what it becomes."""
    code = row.tokens[1] if row.tokens[0] == ENERGY else row.tokens[2] if row.tokens[0] == FREEZE else None
    return len(row.tokens) == IDENTIFIER_2007 and code in WORDS


class CombinationWords:
    """The combination words that one meter has told."""

    def __init__(self) -> None:
        """Start with none."""
        self._words: dict[int, int] = {}

    def told(self, wire: bytes, content: bytes) -> None:
        """Take the answer to any identifier; only words are remembered."""
        for combined, word in WORDS.items():
            if wire == word and len(content) == 1:
                self._words[combined] = content[0]

    def template(self, combined: int) -> str:
        """Return the quantity that a sum is, as a template; empty where the word is unknown or otherwise."""
        return MEANINGS.get(self._words.get(combined, 0), "")

    @property
    def sums(self) -> tuple[str, str]:
        """The quantities that combined reactive energies 1 and 2 are in total; empty where not known."""
        first, second = (self.template(combined).format("") for combined in WORDS)
        return first, second

    def item(self, item: Item) -> Item:
        """Return the item with its quantities, if it is a combined reactive energy whose word is known."""
        combined = _combined_of(item.wire)
        template = self.template(combined) if combined else ""
        return (altered(item.wire, quantity=template) if template else None) or item


@lru_cache(maxsize=1024)
def _combined_of(wire: bytes) -> int:
    """Return which sum an identifier of 2007 is, as its code; 0 for none."""
    if len(wire) != 4 or wire[3] not in (ENERGY, FREEZE):  # noqa: PLR2004 - bytes of an identifier of 2007
        return 0
    code = wire[2] if wire[3] == ENERGY else wire[1]
    return code if code in WORDS else 0
