"""Load record blocks (负荷记录, DL/T 645-2007 annex B), both ways: any payload gives blocks or an error.

A0 A0 | length | mm hh DD MM YY | six sections, each closed by AA | sum of all before | E5. A block that
begins with E0 E0 is marked as invalid by the meter. A read of one class returns only that class's section.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Final

from pipeline.errors import DecodeError
from pipeline.quantities import Quantity
from protocols.dlt645.catalogue import Field
from protocols.dlt645.values import parse_format

VALID: Final = b"\xa0\xa0"
INVALID: Final = b"\xe0\xe0"
SECTION_END: Final = 0xAA
BLOCK_END: Final = 0xE5
TIME_LENGTH: Final = 5
HEAD: Final = 3
"""Two marks and the length."""
TAIL: Final = 2
"""Checksum and end."""
MAX_ANSWER: Final = 200
"""The longest data field of a read answer, identifier included (clause 5.2.4)."""
ALL_CLASSES: Final = 0
COMBINED_CLASS: Final = 4
"""The class that holds combined reactive energies: which quadrants they add is set in the meter."""

_Q = Quantity
_ROWS: Mapping[int, tuple[tuple[str, Quantity | None], ...]] = {
    # Class: what its section holds, in wire order.
    1: (
        *(("XXX.X", q) for q in (_Q.VOLTAGE_A, _Q.VOLTAGE_B, _Q.VOLTAGE_C)),
        *(("SXXX.XXX", q) for q in (_Q.CURRENT_A, _Q.CURRENT_B, _Q.CURRENT_C)),
        ("XX.XX", _Q.FREQUENCY),
    ),
    2: tuple(
        ("SXX.XXXX", q)
        for q in (
            *(_Q.ACTIVE_POWER, _Q.ACTIVE_POWER_A, _Q.ACTIVE_POWER_B, _Q.ACTIVE_POWER_C),
            *(_Q.REACTIVE_POWER, _Q.REACTIVE_POWER_A, _Q.REACTIVE_POWER_B, _Q.REACTIVE_POWER_C),
        )
    ),
    3: tuple(
        ("SX.XXX", q) for q in (_Q.POWER_FACTOR, _Q.POWER_FACTOR_A, _Q.POWER_FACTOR_B, _Q.POWER_FACTOR_C)
    ),
    4: (
        ("XXXXXX.XX", _Q.ACTIVE_ENERGY_IMPORT),
        ("XXXXXX.XX", _Q.ACTIVE_ENERGY_EXPORT),
        # Combined reactive 1 and 2: which quadrants they add is set in the meter.
        ("SXXXXXX.XX", None),
        ("SXXXXXX.XX", None),
    ),
    5: tuple(
        ("XXXXXX.XX", q)
        for q in (_Q.REACTIVE_ENERGY_Q1, _Q.REACTIVE_ENERGY_Q2, _Q.REACTIVE_ENERGY_Q3, _Q.REACTIVE_ENERGY_Q4)
    ),
    6: (("SXX.XXXX", _Q.DEMAND_IMPORT), ("SXX.XXXX", None)),
}
CLASSES: Final = tuple(_ROWS)
_ITEMS: Mapping[int, tuple[str, ...]] = {
    # The identifier of the present value that each field is a record of.
    1: ("02010100", "02010200", "02010300", "02020100", "02020200", "02020300", "02800002"),
    2: tuple(f"020{kind}0{phase}00" for kind in (3, 4) for phase in range(4)),
    3: tuple(f"02060{phase}00" for phase in range(4)),
    4: ("00010000", "00020000", "00030000", "00040000"),
    5: ("00050000", "00060000", "00070000", "00080000"),
    6: ("02800004", "02800005"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBlock:
    """One stored instant as it stands on the wire."""

    stored_at: bytes
    """mm hh DD MM YY."""
    sections: Mapping[int, bytes] = field(default_factory=lambda: MappingProxyType({}))
    """By class; a class that was not recorded has no entry."""
    is_valid: bool = True


@cache
def section_fields(load_class: int, *sums: str) -> tuple[Field, ...]:
    """Return the fields of a class's section.

    Args:
        load_class: 1 to 6.
        sums: What combined reactive energies 1 and 2 are in this meter, as quantities; empty where not known.
    """
    fields: list[Field] = []
    start = 0
    combined = iter(sums)
    for notation, named in _ROWS[load_class]:
        form = parse_format(notation)
        told = next(combined, "") if load_class == COMBINED_CLASS and named is None else ""
        quantity = Quantity(told) if told else named
        fields.append(Field(start, start + form.length, form, quantity.unit if quantity else "", quantity))
        start += form.length
    return tuple(fields)


def section_items(load_class: int) -> tuple[bytes, ...]:
    """Return the identifiers, DI0 first, of the present values that a class's section holds, in its order."""
    return tuple(bytes.fromhex(digits)[::-1] for digits in _ITEMS[load_class])


def section_length(load_class: int) -> int:
    """Return the bytes of a class's section, without its AA."""
    return section_fields(load_class)[-1].stop


def block_length(load_class: int) -> int:
    """Return the bytes of one block in a read of ``load_class``; 0 is all classes."""
    classes = CLASSES if load_class == ALL_CLASSES else (load_class,)
    return HEAD + TIME_LENGTH + sum(section_length(c) + 1 for c in classes) + TAIL


def blocks_per_answer(load_class: int) -> int:
    """Return how many blocks fit into one answer, so that no frame has to follow."""
    return max(1, (MAX_ANSWER - 4) // block_length(load_class))


def encode_block(block: LoadBlock, load_class: int) -> bytes:
    """Return a block as a meter sends it in a read of ``load_class``."""
    body = block.stored_at
    for section in CLASSES if load_class == ALL_CLASSES else (load_class,):
        body += block.sections.get(section, b"") + bytes((SECTION_END,))
    summed = (VALID if block.is_valid else INVALID) + bytes((len(body),)) + body
    return summed + bytes((sum(summed) & 0xFF, BLOCK_END))


def decode_blocks(payload: bytes, load_class: int, *, cut_short: bool = False) -> tuple[LoadBlock, ...]:
    """Split the data of an answer, after its identifier, into blocks; none when the meter has no match.

    With ``cut_short`` more frames follow: a block at the end that is not whole yet is left.

    Raises:
        DecodeError: If marks, lengths, checksum or section ends do not fit.
    """
    blocks: list[LoadBlock] = []
    rest = payload
    while rest and rest != bytes((SECTION_END,)):
        try:
            length = _length(rest)
        except DecodeError:
            if cut_short and len(rest) < block_length(load_class):
                break
            raise
        body = rest[HEAD : length - TAIL]
        is_valid = rest[:2] == VALID
        # What stands in a block that the meter itself calls invalid is nobody's business.
        sections = _sections(body[TIME_LENGTH:], load_class) if is_valid else {}
        blocks.append(LoadBlock(stored_at=body[:TIME_LENGTH], sections=sections, is_valid=is_valid))
        rest = rest[length:]
    return tuple(blocks)


def _length(rest: bytes) -> int:
    """Return the whole length of the block at the beginning.

    The standard does not spell out what its length byte counts: from the time to the last AA, or further. The
    end mark and the checksum decide.
    """
    if rest[:2] not in (VALID, INVALID) or len(rest) < HEAD:
        raise DecodeError("a load record block begins with A0A0 or E0E0", rest)
    for uncounted in (HEAD + TAIL, HEAD + 1, HEAD, 1, 0):
        length = rest[2] + uncounted
        fits = HEAD + TIME_LENGTH + TAIL <= length <= len(rest) and rest[length - 1] == BLOCK_END
        if fits and sum(rest[: length - TAIL]) & 0xFF == rest[length - TAIL]:
            return length
    raise DecodeError("a load record block breaks its length or checksum", rest)


def _sections(body: bytes, load_class: int) -> Mapping[int, bytes]:
    """Split by the sections' own lengths; AA may stand inside a section, so it only confirms."""
    if load_class != ALL_CLASSES and len(body) == section_length(load_class) + 1 and body[-1] == SECTION_END:
        return {load_class: body[:-1]}
    sections: dict[int, bytes] = {}
    classes = CLASSES if len(body) >= len(CLASSES) else (load_class or CLASSES[0],)
    for section in classes:
        if body[:1] == bytes((SECTION_END,)):
            body = body[1:]
            continue
        length = section_length(section)
        if len(body) <= length or body[length] != SECTION_END:
            raise DecodeError(f"section {section} of a load record block is not closed by AA", body)
        sections[section] = body[:length]
        body = body[length + 1 :]
    if body:
        raise DecodeError("a load record block holds more than its sections", body)
    return sections
