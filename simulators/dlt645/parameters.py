"""The parameters of a simulated meter (参变量): factory values as data, and what was written since."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from protocols.dlt645.values import bcd_to_int, digits_to_bytes
from simulators.dlt645.replies import ErrorBit

_BITS: Final = MappingProxyType(
    {
        "year zones": ErrorBit.YEAR_ZONES,
        "day periods": ErrorBit.DAY_PERIODS,
        "tariffs": ErrorBit.TARIFFS,
    }
)
_WORDS: Final = tuple(bytes((word, 0x00, 0x04)) for word in (0x06, 0x07, 0x08, 0x09))
"""The families 040006 to 040009 hold bit strings, which need not be digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Factory:
    """One parameter as the factory sets it."""

    content: bytes
    """As on the wire."""
    is_fixed: bool
    too_many: ErrorBit
    """The bit for a number above ``most``."""
    most: int | None


class Parameters:
    """The parameters of one meter; only what differs from the factory is kept."""

    __slots__ = ("_written",)

    def __init__(self, own: Mapping[str, bytes] | None = None) -> None:
        """Start with the factory's values, some replaced by this meter's ``own`` (identifier: content)."""
        self._written = {digits_to_bytes(di): content for di, content in (own or {}).items()}

    def get(self, wire: bytes) -> bytes | None:
        """Return the content of a parameter, as on the wire; None when there is none."""
        return self._content(wire) if wire in factory_values() else None

    def number(self, di: str) -> int:
        """Return a parameter as the number that its digits make, ``di`` as people write it."""
        return bcd_to_int(self.content(di))

    def content(self, di: str) -> bytes:
        """Return a parameter that every meter has, as on the wire."""
        return self._content(digits_to_bytes(di))

    def word(self, di: str) -> int:
        """Return a parameter of one byte as its bits."""
        return self.content(di)[0]

    def write(self, wire: bytes, content: bytes) -> ErrorBit:
        """Change a parameter; returns no bit when it is done, else why not."""
        factory = factory_values().get(wire)
        if factory is None:
            return ErrorBit.NO_SUCH_DATA
        if factory.is_fixed:
            return ErrorBit.PASSWORD
        if len(content) != len(factory.content):
            return ErrorBit.OTHER
        if wire[1:] not in _WORDS and wire != _ASSET_CODE:
            if any(byte & 0x0F > 9 or byte >> 4 > 9 for byte in content):  # noqa: PLR2004 - a digit
                return ErrorBit.OTHER
            if factory.most is not None and bcd_to_int(content) > factory.most:
                return factory.too_many
        self._written[wire] = content
        return ErrorBit(0)

    def _content(self, wire: bytes) -> bytes:
        written = self._written.get(wire)
        return factory_values()[wire].content if written is None else written


@cache
def factory_values() -> Mapping[bytes, Factory]:
    """Return every parameter of the data file by its identifier, DI0 first, in the order of the file."""
    text = resources.files("simulators.dlt645").joinpath("parameters.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["parameter"]
    return MappingProxyType({digits_to_bytes(row["di"]): _factory(row) for row in rows})


def _factory(row: Mapping[str, Any]) -> Factory:  # Any: one TOML table of ours
    if "text" in row:
        content = row["text"].encode("ascii").ljust(row["bytes"], b"\0")[::-1]
    else:
        content = b"".join(digits_to_bytes(entry) for entry in row["value"]) * row.get("times", 1)
    return Factory(
        content=content,
        is_fixed=row.get("fixed", False),
        too_many=_BITS[row["check"]] if "check" in row else ErrorBit(0),
        most=row.get("most"),
    )


_ASSET_CODE: Final = digits_to_bytes("04000403")
