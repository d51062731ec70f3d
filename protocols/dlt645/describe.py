"""Puts the content of an answer into words: every field's name, exact text, unit and named bits."""

from __future__ import annotations

from dataclasses import dataclass

from protocols.dlt645.bits import Words, named_bits
from protocols.dlt645.catalogue import Field, Item, codes_of, lookup
from protocols.dlt645.catalogue_rows import Axis
from protocols.dlt645.decoding import BLOCK_TRAILER
from protocols.dlt645.records import LoadBlock, decode_blocks, section_fields, section_items
from protocols.dlt645.values import (
    Format,
    Kind,
    is_absent,
    is_impossible_time,
    is_unset_time,
    parse_format,
    show,
)

PHASES = ("A", "B", "C")
BLOCK_TIME = parse_format("YYMMDDhhmm")
IMPOSSIBLE = "impossible time 时间不可能"
UNSET = "unset 未设"


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One field of an answer, for people."""

    name: str
    zh: str
    text: str | None
    """Exact digits; None where the meter marks the field as absent."""
    unit: str
    bits: tuple[Words, ...] = ()
    """What the set bits of a word mean."""
    is_impossible: bool = False
    """A time that no clock shows."""
    is_unset: bool = False
    """A time of zeros."""

    @property
    def value(self) -> str:
        """The text with its unit, and what its bits say."""
        if self.is_unset:
            return UNSET
        said = "; ".join(english for english, _ in self.bits)
        unit = "" if self.unit == "1" else self.unit
        shown = "-" if self.text is None else f"{self.text} {unit}".rstrip()
        remark = IMPOSSIBLE if self.is_impossible else said
        return f"{shown} ({remark})" if remark else shown


def describe(item: Item, payload: bytes) -> tuple[Described, ...]:
    """Return the fields of an answer as far as it goes; bytes that are left over come as one field more.

    Args:
        item: What was asked.
        payload: The data after the identifier.
    """
    fields = [field for field in item.fields if field.stop <= len(payload)]
    told = [_described(item, number, field, payload) for number, field in enumerate(fields)]
    rest = payload[fields[-1].stop if fields else 0 :]
    if rest and not (item.is_block and rest == bytes((BLOCK_TRAILER,))):
        told.append(Described(name="further bytes", zh="其余字节", text=rest.hex(" ").upper(), unit=""))
    return tuple(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedBlock:
    """One stored instant of the load records, for people."""

    stored_at: Described
    instant: bytes
    """The same as it stands on the wire: mm hh DD MM YY."""
    fields: tuple[Described, ...]


def describe_blocks(
    payload: bytes, load_class: int, *, cut_short: bool = False
) -> tuple[DescribedBlock, ...]:
    """Return the blocks of a load record answer.

    Args:
        payload: The data after the identifier.
        load_class: 1 to 6, or 0 for all classes.
        cut_short: More frames follow, or were lost: a block at the end that is not whole is left.

    Raises:
        DecodeError: If the blocks cannot be told apart.
    """
    return tuple(map(_described_block, decode_blocks(payload, load_class, cut_short=cut_short)))


def describe_load_records(payload: bytes, load_class: int) -> tuple[Described, ...]:
    """Return the blocks of a load record answer, field by field, each after its time.

    Raises:
        DecodeError: As for :func:`describe_blocks`.
    """
    blocks = describe_blocks(payload, load_class)
    return tuple(field for block in blocks for field in (block.stored_at, *block.fields))


def described_facts(item: Item, payload: bytes) -> dict[str, str]:
    """Return the fields that an answer holds by their English names; absent ones are left out."""
    return {field.name: field.value for field in describe(item, payload) if field.text is not None}


def words_of(item: Item) -> Words:
    """Return what an identifier says beside its row's name: phase, tariff, period, number."""
    said = []
    for token, code in zip(item.row.tokens, codes_of(item.wire), strict=True):
        if isinstance(token, tuple):
            said.append(_phase(token.index(code)))
        elif isinstance(token, Axis) and code in token.suffixes:
            element = list(token.suffixes).index(code)
            said.append(_ELEMENTS.get(token.name, _numbered)(element))
    return "".join(english for english, _ in said), "".join(chinese for _, chinese in said)


def _described_block(block: LoadBlock) -> DescribedBlock:
    mark = "" if block.is_valid else " (marked invalid 标为无效)"
    stored_at = Described(
        name=f"stored at{mark}",
        zh="记录时间",
        text=_text(block.stored_at, BLOCK_TIME),
        unit="",
        is_impossible=is_impossible_time(block.stored_at, BLOCK_TIME),
    )
    fields = [
        _described_section_field(field, lookup(wire), raw[field.start : field.stop])
        for section, raw in block.sections.items()
        for field, wire in zip(section_fields(section), section_items(section), strict=True)
    ]
    return DescribedBlock(stored_at=stored_at, instant=block.stored_at, fields=tuple(fields))


def _described_section_field(field: Field, item: Item | None, raw: bytes) -> Described:
    """Call a field as the present value that it is a record of."""
    english, chinese = words_of(item) if item is not None else ("", "")
    row = item.row if item is not None else None
    name = f"{row.name}{english}" if row is not None else "unnamed"
    return Described(
        name=field.quantity or name,
        zh=f"{row.zh}{chinese}" if row is not None else "",
        text=_text(raw, field.form),
        unit=field.unit or (row.parts[0].unit if row is not None else ""),
    )


def _described(item: Item, number: int, field: Field, payload: bytes) -> Described:
    raw = payload[field.start : field.stop]
    # A record's or a table's fields have names of their own; others are called as their row.
    own = words_of(item) if field.name.startswith(item.row.name) else ("", "")
    element = _element(item, number)
    return Described(
        name=f"{field.name}{own[0]}{element[0]}",
        zh=f"{field.zh}{own[1]}{element[1]}",
        text=_text(raw, field.form),
        unit=field.unit,
        bits=named_bits(field.bits, int.from_bytes(raw, "little"))
        if field.bits and not is_absent(raw)
        else (),
        is_impossible=is_impossible_time(raw, field.form),
        is_unset=is_unset_time(raw, field.form),
    )


def _element(item: Item, number: int) -> Words:
    """Return what to add to a field's name for its element of a block."""
    if not item.is_block:
        return "", ""
    return _ELEMENTS.get(item.axis, _numbered)(number // item.width)


def _numbered(element: int) -> Words:
    return f" {element + 1}", f"{element + 1}"


def _rate(element: int) -> Words:
    return (f", tariff {element}", f"(费率{element})") if element else (", total", "(总)")


def _class(element: int) -> Words:
    return f" of class {element:02d}", f"({element:02d}级)"


def _period(element: int) -> Words:
    return (f", {element} periods ago", f"(上{element}结算日)") if element else ("", "")


def _month(element: int) -> Words:
    return (f", {element} months ago", f"(上{element}月)") if element else ("", "")


def _phase(element: int) -> Words:
    return f", phase {PHASES[element]}", f"({PHASES[element]}相)"


def _total_phase(element: int) -> Words:
    return _phase(element - 1) if element else (", total", "(总)")


_ELEMENTS = {
    "rate": _rate,
    "rate97": _rate,
    "settlement": _period,
    "class10": _class,
    "month": _month,
    "active97": _month,
    "reactive97": _month,
    "phase": _phase,
    "phase97": _phase,
    "total_phase": _total_phase,
    "total_phase97": _total_phase,
}


def _text(raw: bytes, form: Format) -> str | None:
    shown = show(raw, form)
    if isinstance(shown, dict):
        # Text is read the other way round than it is sent; digits above nine are shown as they came.
        return str(shown["reversed"]).strip("\0 ") if form.kind is Kind.TEXT else raw.hex(" ").upper()
    return None if shown is None else str(shown)
