"""Turns the bytes of an answer into quantities: exact digits, nulls as missing, odd digits as a flag."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from pipeline.errors import DecodeError
from pipeline.model import Quality, Value
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.catalogue import Field, Item, altered, lookup
from protocols.dlt645.values import (
    YEARLESS,
    Format,
    Kind,
    bcd_to_int,
    bytes_to_instant,
    is_absent,
    yearless_to_instant,
)

BLOCK_TRAILER = 0xAA
"""Some meters close a block with it, in both versions; the standard does not know it."""

Values: TypeAlias = dict[Quantity, Value]
Flags: TypeAlias = dict[Quantity, Quality]


class Slot(NamedTuple):
    """A field prepared for reading out of the digits of a payload, which count from the end."""

    stop: int
    """Bytes that must be there."""
    first: int
    last: int | None
    top: str
    """A greater first digit makes no plain number: it carries the sign bit, or the field is no number."""
    scale: int
    quantity: Quantity
    form: Format


def _top(form: Format) -> str:
    if form.kind is not Kind.NUMBER:
        return ""
    return "7" if form.signed else "f"


_UNPREPARED: tuple[tuple[Field, ...], tuple[Slot, ...]] = ((), ())
_THREE_WIRE = {
    # A 3P3W meter's elements are Uab/Ia and Ucb/Ic (2.3, note on wiring).
    Quantity.VOLTAGE_A: Quantity.VOLTAGE_AB,
    Quantity.VOLTAGE_C: Quantity.VOLTAGE_BC,
}


@cache
def on_wiring(quantity: Quantity, wiring: Wiring) -> Quantity | None:
    """Return what an item named for a phase means on a wiring; None where there is no such phase."""
    if wiring is Wiring.ONE_PHASE and quantity.endswith(("_b", "_c")):
        return None
    if wiring is Wiring.THREE_PHASE_THREE_WIRE:
        return None if quantity.endswith("_b") else _THREE_WIRE.get(quantity, quantity)
    return quantity


def has_trailer(item: Item, payload: bytes) -> bool:
    """Tell whether a block's payload ends with the AA that some meters add."""
    return len(payload) % item.element_length == 1 and payload[-1] == BLOCK_TRAILER


def trimmed(item: Item, payload: bytes, *, cut_short: bool = False) -> bytes:
    """Return the payload without a block's trailing AA.

    Args:
        item: What was asked.
        payload: The data after the identifier.
        cut_short: More frames follow, so that the last element may be broken off.

    Raises:
        DecodeError: If the length does not fit the item.
    """
    count, rest = divmod(len(payload), item.element_length)
    if rest == 1 and item.is_block and payload[-1] == BLOCK_TRAILER:
        payload, rest = payload[:-1], 0
    if cut_short:
        return payload[: len(payload) - rest]
    if rest or count > len(item.suffixes):
        raise DecodeError(f"{len(payload)} bytes do not fit {item.di} ({item.row.name})", payload)
    return payload


class Decoder:
    """Reads answers of meters with one wiring and one clock zone, of one model."""

    def __init__(
        self, wiring: Wiring, zone: ZoneInfo, formats: Mapping[str, Format] = MappingProxyType({})
    ) -> None:
        """Prepare for a model of meters.

        Args:
            wiring: Theirs.
            zone: Of their clocks.
            formats: How they write items otherwise than the standard, by the items' names in the catalogue.
        """
        self.wiring = wiring
        self.zone = zone
        self._formats = formats
        self._slots: dict[bytes, tuple[tuple[Field, ...], tuple[Slot, ...]]] = {}

    def item(self, wire: bytes) -> Item | None:
        """Return what an identifier means to these meters, or None when the catalogue has no row for it."""
        item = lookup(wire)
        form = self._formats.get(item.row.name) if item is not None else None
        return item if form is None else altered(wire, form=form)

    def values(
        self, item: Item, payload: bytes, *, cut_short: bool = False, told_at: datetime | None = None
    ) -> tuple[Values, Flags]:
        """Return the values in an answer and the flags of those that could not be read.

        Args:
            item: What was asked.
            payload: The data after the identifier.
            cut_short: More frames follow.
            told_at: When it said so, by its own clock; without it times that lack their year are missing.

        Raises:
            DecodeError: If the length does not fit the item.
        """
        if len(payload) != item.element_length or item.is_block:
            payload = trimmed(item, payload, cut_short=cut_short)
        if item.spectrum is not None:
            return self._spectrum(item, payload)
        return self.read(self.prepared(item), payload, told_at)

    def prepared(self, item: Item) -> tuple[Slot, ...]:
        """Return the fields of an item prepared for reading."""
        fields, slots = self._slots.get(item.wire, _UNPREPARED)
        if fields is not item.fields:  # a combination word gives an identifier other quantities
            slots = self.slots(item.fields)
            self._slots[item.wire] = item.fields, slots
        return slots

    def slots(self, fields: Iterable[Field]) -> tuple[Slot, ...]:
        """Prepare fields for reading: those that become a quantity on this wiring."""
        return tuple(
            Slot(
                f.stop, -2 * f.stop, -2 * f.start or None, _top(f.form), 10**f.form.decimals, quantity, f.form
            )
            for f in fields
            if f.quantity is not None and (quantity := on_wiring(f.quantity, self.wiring)) is not None
        )

    def read(
        self, slots: Iterable[Slot], payload: bytes, told_at: datetime | None = None
    ) -> tuple[Values, Flags]:
        """Read prepared fields as far as the payload goes."""
        values: Values = {}
        flags: Flags = {}
        size = len(payload)
        # All digits at once, in reading order: the last item's come first.
        digits = payload[::-1].hex()
        for stop, first, last, top, scale, quantity, form in slots:
            if stop > size:
                break
            text = digits[first:last]
            try:
                if text[0] > top:
                    self._read_other(bytes.fromhex(text)[::-1], form, quantity, values, told_at)
                else:
                    values[quantity] = int(text) / scale
            except ValueError:
                if text.strip("f"):
                    flags[quantity] = Quality.NOT_BCD
        return values, flags

    def _read_other(
        self, raw: bytes, form: Format, quantity: Quantity, values: Values, told_at: datetime | None
    ) -> None:
        """Read a time, or a number whose sign bit is set.

        Raises:
            ValueError: If a digit is above nine.
        """
        if form.kind is Kind.TIME:
            if form.notation != YEARLESS:
                instant = bytes_to_instant(raw, self.zone)
            else:
                instant = yearless_to_instant(raw, self.zone, told_at) if told_at is not None else None
            if instant is not None:
                values[quantity] = instant.timestamp()
        elif not is_absent(raw):
            values[quantity] = bcd_to_int(raw, signed=True) / 10**form.decimals

    def _spectrum(self, item: Item, payload: bytes) -> tuple[Values, Flags]:
        """Return a whole block as one tuple: status words, or harmonics with their order as index."""
        quantity = item.spectrum and on_wiring(item.spectrum, self.wiring)
        if quantity is None or not payload:
            return {}, {}
        form = item.row.parts[0].form
        parts = [payload[i : i + form.length] for i in range(0, len(payload), form.length)]
        if form.kind is Kind.WORD:
            return {quantity: tuple(float(int.from_bytes(part, "little")) for part in parts)}, {}
        flags: Flags = {}
        content = [math.nan]  # Order 0, the constant part, is not measured.
        for part in parts:
            try:
                content.append(bcd_to_int(part) / 10**form.decimals)
            except ValueError:
                content.append(math.nan)
                if not is_absent(part):
                    flags[quantity] = Quality.NOT_BCD
        return {quantity: tuple(content)}, flags
