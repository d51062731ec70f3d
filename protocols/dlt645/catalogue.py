"""What a DL/T 645 data identifier (数据标识) means: name, layout, unit, sign, and the quantity it becomes.

The rows are data (``identifiers/``, read by ``identifier_files.py``); this module answers for single
identifiers and for blocks, where a code of FF (F in 1997) stands for all items of an axis.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from itertools import product

from pipeline.quantities import Quantity
from protocols.dlt645.catalogue_rows import PHASE_SUFFIXES, Axis, Part, Row, Token
from protocols.dlt645.identifier_files import rows
from protocols.dlt645.values import YEARLESS, Format

STORED = (0x05, 0x06)
"""DI3 of freezes and load records: what a meter remembers, not what it shows now."""
IDENTIFIER_2007 = 4
"""Bytes of an identifier of 2007; those of 1997 have two."""


@dataclass(frozen=True, slots=True)
class Field:
    """One value inside an answer: where it stands, how it is written, what it becomes."""

    start: int
    stop: int
    form: Format
    unit: str
    quantity: Quantity | None
    name: str = ""
    zh: str = ""
    bits: str = ""
    """The table of ``bits.toml`` that names its bits."""


@dataclass(frozen=True, kw_only=True)
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
    period: int
    """How many settlement periods or months ago its values were closed; 0 for present ones."""
    is_stored: bool
    """The meter remembers it, so that its time is not the time of asking."""

    @cached_property
    def is_plain(self) -> bool:
        """Tell whether its answers are present values and nothing else, to be read alone."""
        alone = self.quantities and not self.is_stored and not self.is_block
        return bool(alone) and all(field.form.notation != YEARLESS for field in self.fields)

    @property
    def width(self) -> int:
        """Fields of one element."""
        return len(self.row.parts)

    @property
    def di(self) -> str:
        """The identifier as people write it, DI3 first."""
        return self.wire[::-1].hex().upper()

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """Every quantity that an answer may bring on some wiring; of stored items, beside their time."""
        if self.spectrum:
            return (self.spectrum,)
        return tuple(f.quantity for f in self.fields if f.quantity)


@lru_cache(maxsize=4096)
def lookup(wire: bytes) -> Item | None:
    """Return what an identifier means, or None when the catalogue has no row for it.

    Args:
        wire: Four bytes (2007) or two bytes (1997), DI0 first.
    """
    for row in _index(len(wire)).get(codes_of(wire)[:2], ()):
        item = _match(row, codes_of(wire), wire)
        if item is not None:
            return item
    return None


@lru_cache(maxsize=1024)
def altered(wire: bytes, *, form: Format | None = None, quantity: str | None = None) -> Item | None:
    """Return what an identifier means where its fields differ from the catalogue's.

    Args:
        wire: As for :func:`lookup`.
        form: In what format a model of meters writes them.
        quantity: What they become, as a template with {} for the axes' suffixes.
    """
    item = lookup(wire)
    if item is None:
        return None
    parts = tuple(
        replace(part, form=form or part.form, quantity=part.quantity if quantity is None else quantity)
        for part in item.row.parts
    )
    return _match(replace(item.row, parts=parts), codes_of(wire), wire)


@cache
def measured_items(identifier_bytes: int = 4) -> tuple[Item, ...]:
    """Return every present identifier that becomes quantities, single ones and blocks.

    Args:
        identifier_bytes: 4 for those of 2007, 2 for those of 1997.
    """
    found = (
        lookup(wire) for row in rows(identifier_bytes) for wire in _present_identifiers(row, identifier_bytes)
    )
    return tuple(item for item in found if item is not None and item.quantities)


def _present_identifiers(row: Row, identifier_bytes: int) -> Iterator[bytes]:
    is_stored = identifier_bytes == IDENTIFIER_2007 and row.tokens[0] in STORED
    if is_stored or not (row.spectrum or any(part.quantity for part in row.parts)):
        return
    choices = [list(_choices(token, whole=row.spectrum is not None)) for token in row.tokens]
    for codes in product(*choices):
        yield _wire(codes, identifier_bytes)


def _choices(token: Token, *, whole: bool) -> Iterator[int]:
    if isinstance(token, int):
        yield token
    elif isinstance(token, tuple):
        yield from token
    else:
        named = [
            code
            for code, suffix in token.suffixes.items()
            if suffix is not None and not token.periods.get(code)
        ]
        yield from named
        if token.block is not None and (whole or len(named) > 1):
            yield token.block


def codes_of(wire: bytes) -> tuple[int, ...]:
    """Split an identifier into its codes: bytes in 2007, hex digits in 1997."""
    return tuple(reversed(wire)) if len(wire) != 2 else tuple(int(c, 16) for c in wire[::-1].hex())  # noqa: PLR2004 - two bytes


def _wire(codes: Sequence[int], identifier_bytes: int) -> bytes:
    """Join codes to an identifier, DI0 first: bytes in 2007, hex digits in 1997."""
    digits = 2 * identifier_bytes // len(codes)
    return bytes.fromhex("".join(f"{code:0{digits}X}" for code in codes))[::-1]


def _match(row: Row, codes: tuple[int, ...], wire: bytes) -> Item | None:
    suffix: str | None = ""
    along = row.repeat
    period = 0
    for token, code in zip(row.tokens, codes, strict=True):
        if isinstance(token, Axis):
            if code == token.block and along is None:
                along = token
            elif code in token.suffixes:
                suffix = _joined(suffix, token.suffixes[code])
                period = max(period, token.periods.get(code, 0))
            else:
                return None
        elif isinstance(token, tuple):
            if code not in token:
                return None
            suffix = _joined(suffix, PHASE_SUFFIXES[token.index(code)])
        elif token != code:
            return None
    suffixes = tuple(_joined(suffix, own) for own in _along(along)) if along else (suffix,)
    return Item(
        wire=wire,
        row=row,
        axis=along.name if along else "",
        is_block=along is not None,
        suffixes=suffixes,
        fields=tuple(_fields(row.parts, suffixes, wire)),
        element_length=sum(part.form.length for part in row.parts),
        spectrum=row.spectrum if along else None,
        period=period,
        is_stored=period > 0 or (len(wire) == IDENTIFIER_2007 and wire[3] in STORED),
    )


def _along(axis: Axis) -> Iterator[str | None]:
    """Yield what each element of a block adds to a quantity's name; past periods are no present values."""
    for code, suffix in axis.suffixes.items():
        yield None if axis.periods.get(code) else suffix


def _joined(left: str | None, right: str | None) -> str | None:
    return None if left is None or right is None else left + right


def _fields(parts: Sequence[Part], suffixes: Sequence[str | None], wire: bytes) -> Iterator[Field]:
    start = 0
    for number, suffix in enumerate(suffixes):
        for part in parts:
            yield Field(
                start,
                start + part.form.length,
                part.form,
                part.unit,
                _quantity(part.quantity, suffix),
                part.name,
                part.zh,
                part.bits.format(number + 1 if len(suffixes) > 1 else wire[0]),
            )
            start += part.form.length


def _quantity(template: str, suffix: str | None) -> Quantity | None:
    if not template or suffix is None:
        return None
    name = template.format(suffix)
    # Apparent energy, for one, is not kept by rate: the vocabulary is closed.
    return Quantity(name) if name in Quantity.__members__.values() else None


@cache
def _index(length: int) -> Mapping[tuple[int, ...], tuple[Row, ...]]:
    index: dict[tuple[int, ...], tuple[Row, ...]] = {}
    for row in rows(length):
        for key in product(*map(_all_codes, row.tokens[:2])):
            index[key] = (*index.get(key, ()), row)
    return index


def _all_codes(token: Token) -> Sequence[int]:
    if isinstance(token, Axis):
        return (*token.suffixes, *(() if token.block is None else (token.block,)))
    return token if isinstance(token, tuple) else (token,)
