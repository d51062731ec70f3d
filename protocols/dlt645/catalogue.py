"""What a DL/T 645 data identifier (数据标识) means: name, layout, unit, sign, and the quantity it becomes.

The rows are data (``identifiers_2007.toml``, ``identifiers_1997.toml``); this module reads them and answers
for single identifiers and for blocks, where a code of FF (F in 1997) stands for all items of an axis.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from itertools import product
from typing import Any, TypeAlias

from pipeline.errors import ConfigError
from pipeline.quantities import Quantity
from protocols.dlt645.values import Format, parse_format

PHASE_SUFFIXES = ("_a", "_b", "_c")
STORED = (0x05, 0x06)
"""DI3 of freezes and load records: what a meter remembers, not what it shows now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One code of an identifier that counts something: rates, phases, settlement days."""

    name: str
    suffixes: Mapping[int, str | None]
    """What each code adds to the name of the quantity; None where no quantity exists."""
    block: int | None
    """The code that stands for all of them."""


def _axis(name: str, codes: range, named: Sequence[str] = (), block: int | None = 0xFF) -> Axis:
    suffixes = {code: named[i] if i < len(named) else None for i, code in enumerate(codes)}
    return Axis(name=name, suffixes=suffixes, block=block)


_RATES = ("", "_t1", "_t2", "_t3", "_t4", "_t5", "_t6")
AXES: Mapping[str, Axis] = {
    axis.name: axis
    for axis in (
        _axis("rate", range(0x40), _RATES),
        _axis("rate97", range(0x0F), _RATES, block=0x0F),
        _axis("settlement", range(0x0D), ("",)),
        _axis("month", range(0x0D), ("",), block=None),
        _axis("phase", range(1, 4), PHASE_SUFFIXES),
        _axis("total_phase", range(4), ("", *PHASE_SUFFIXES)),
        _axis("order", range(1, 0x16)),
        _axis("word", range(1, 8)),
        _axis("last", range(1, 0x0B), block=None),
        _axis("last12", range(1, 0x0D), [""] * 12, block=None),
        _axis("last62", range(1, 0x3F), [""] * 62, block=None),
    )
}
"""The axes that rows may name. FF in two places at once is not answered for."""

Token: TypeAlias = int | tuple[int, ...] | Axis


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the catalogue: a family of identifiers."""

    tokens: tuple[Token, ...]
    name: str
    zh: str
    formats: tuple[Format, ...]
    units: tuple[str, ...]
    quantities: tuple[str, ...]
    """Templates with {} for the axes' suffixes; empty for fields that become no quantity."""
    spectrum: Quantity | None
    """The quantity that a whole block becomes, as one tuple."""
    repeat: Axis | None
    source: str


@dataclass(frozen=True, slots=True)
class Field:
    """One value inside an answer: where it stands, how it is written, what it becomes."""

    start: int
    stop: int
    form: Format
    unit: str
    quantity: Quantity | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One identifier, resolved."""

    wire: bytes
    """DI0 first."""
    row: Row
    axis: str
    """Along which axis its elements count; empty for a single one."""
    is_block: bool
    suffixes: tuple[str | None, ...]
    """One for each element the answer may hold; an answer may hold fewer."""
    fields: tuple[Field, ...] = field(repr=False)
    """Of all elements, in wire order."""
    element_length: int
    """Bytes of one element."""
    spectrum: Quantity | None
    """The quantity that this block becomes as a whole."""

    @property
    def di(self) -> str:
        """The identifier as people write it, DI3 first."""
        return self.wire[::-1].hex().upper()

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """Every quantity that an answer may bring, whatever the wiring."""
        if self.spectrum:
            return (self.spectrum,)
        return tuple(f.quantity for f in self.fields if f.quantity)


@lru_cache(maxsize=4096)
def lookup(wire: bytes) -> Item | None:
    """Return what an identifier means, or None when the catalogue has no row for it.

    Args:
        wire: Four bytes (2007) or two bytes (1997), DI0 first.
    """
    codes = _codes(wire)
    for row in _index(len(wire)).get(codes[:2], ()):
        item = _match(row, codes, wire)
        if item is not None:
            return item
    return None


@cache
def measured_items(identifier_bytes: int = 4) -> tuple[Item, ...]:
    """Return every present identifier that becomes quantities, single ones and blocks.

    Args:
        identifier_bytes: 4 for those of 2007, 2 for those of 1997.
    """
    found = (
        lookup(wire)
        for row in _rows(identifier_bytes)
        for wire in _present_identifiers(row, identifier_bytes)
    )
    return tuple(item for item in found if item is not None and item.quantities)


def _present_identifiers(row: Row, identifier_bytes: int) -> Iterator[bytes]:
    if row.tokens[0] in STORED or not (row.spectrum or any(row.quantities)):
        return
    choices = [list(_choices(token, whole=row.spectrum is not None)) for token in row.tokens]
    limit = 16 ** (2 * identifier_bytes // len(row.tokens))
    for codes in product(*choices):
        if max(codes) < limit:  # an axis of 2007 may stand in a row of 1997; its block does not
            yield _wire(codes, identifier_bytes)


def _choices(token: Token, *, whole: bool) -> Iterator[int]:
    if isinstance(token, int):
        yield token
    elif isinstance(token, tuple):
        yield from token
    else:
        named = [code for code, suffix in token.suffixes.items() if suffix is not None]
        yield from named
        if token.block is not None and (whole or len(named) > 1):
            yield token.block


def _codes(wire: bytes) -> tuple[int, ...]:
    """Split an identifier into its codes: bytes in 2007, hex digits in 1997."""
    return tuple(reversed(wire)) if len(wire) != 2 else tuple(int(c, 16) for c in wire[::-1].hex())  # noqa: PLR2004 - two bytes


def _wire(codes: Sequence[int], identifier_bytes: int) -> bytes:
    """Join codes to an identifier, DI0 first: bytes in 2007, hex digits in 1997."""
    digits = 2 * identifier_bytes // len(codes)
    return bytes.fromhex("".join(f"{code:0{digits}X}" for code in codes))[::-1]


def _match(row: Row, codes: tuple[int, ...], wire: bytes) -> Item | None:
    suffix: str | None = ""
    along = row.repeat
    for token, code in zip(row.tokens, codes, strict=True):
        if isinstance(token, Axis):
            if code == token.block and along is None:
                along = token
            elif code in token.suffixes:
                suffix = _joined(suffix, token.suffixes[code])
            else:
                return None
        elif isinstance(token, tuple):
            if code not in token:
                return None
            suffix = _joined(suffix, PHASE_SUFFIXES[token.index(code)])
        elif token != code:
            return None
    suffixes = tuple(_joined(suffix, own) for own in along.suffixes.values()) if along else (suffix,)
    fields = tuple(_fields(row, suffixes))
    return Item(
        wire=wire,
        row=row,
        axis=along.name if along else "",
        is_block=along is not None,
        suffixes=suffixes,
        fields=fields,
        element_length=sum(form.length for form in row.formats),
        spectrum=row.spectrum if along else None,
    )


def _joined(left: str | None, right: str | None) -> str | None:
    return None if left is None or right is None else left + right


def _fields(row: Row, suffixes: Sequence[str | None]) -> Iterator[Field]:
    start = 0
    for suffix in suffixes:
        for form, unit, template in zip(row.formats, row.units, row.quantities, strict=True):
            yield Field(start, start + form.length, form, unit, _quantity(template, suffix))
            start += form.length


def _quantity(template: str, suffix: str | None) -> Quantity | None:
    if not template or suffix is None:
        return None
    name = template.format(suffix)
    # Apparent energy, for one, is not kept by rate: the vocabulary is closed.
    return Quantity(name) if name in Quantity.__members__.values() else None


@cache
def _index(length: int) -> Mapping[tuple[int, ...], tuple[Row, ...]]:
    index: dict[tuple[int, ...], tuple[Row, ...]] = {}
    for row in _rows(length):
        firsts = [token if isinstance(token, tuple) else (token,) for token in row.tokens[:2]]
        for codes in product(*firsts):
            key = tuple(code for code in codes if isinstance(code, int))
            index[key] = (*index.get(key, ()), row)
    return index


@cache
def _rows(length: int) -> tuple[Row, ...]:
    """Read the rows for identifiers of two (1997) or four bytes (2007)."""
    name = {2: "identifiers_1997.toml", 4: "identifiers_2007.toml"}.get(length)
    if name is None:
        return ()
    text = resources.files("protocols.dlt645").joinpath(name).read_text(encoding="utf-8")
    return tuple(parse_row(entry, where=name) for entry in tomllib.loads(text)["item"])


def parse_row(entry: Mapping[str, Any], where: str) -> Row:  # Any: one TOML table, checked here
    """Understand one row of the catalogue.

    Raises:
        ConfigError: If a key is missing or a value does not fit; names file and identifier.
    """
    try:
        formats = tuple(parse_format(notation) for notation in entry["format"])
        units = tuple(entry["unit"]) * (len(formats) if len(entry["unit"]) == 1 else 1)
        quantities = tuple(entry.get("quantity", [""] * len(formats)))
        if not len(formats) == len(units) == len(quantities):
            raise ValueError("format, unit and quantity differ in length")  # noqa: TRY301 - told with its row below
        return Row(
            tokens=tuple(_token(word) for word in entry["di"].split()),
            name=entry["name"],
            zh=entry["zh"],
            formats=formats,
            units=units,
            quantities=quantities,
            spectrum=Quantity(entry["spectrum"]) if "spectrum" in entry else None,
            repeat=AXES[entry["repeat"]] if "repeat" in entry else None,
            source=entry["source"],
        )
    except (KeyError, ValueError) as error:
        raise ConfigError(f"{where}, identifier {entry.get('di')!r}: {error}") from error


def _token(word: str) -> Token:
    if word in AXES:
        return AXES[word]
    if "|" in word:
        return tuple(int(code, 16) for code in word.split("|"))
    return int(word, 16)
