"""Sixteen-bit registers to numbers and back: types, word orders and what is not a number."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

_FORMATS = {
    "uint16": ">H",
    "int16": ">h",
    "uint32": ">I",
    "int32": ">i",
    "uint64": ">Q",
    "int64": ">q",
    "float32": ">f",
    "float64": ">d",
}
TYPES = frozenset(_FORMATS)
_COUNTS = {kind: struct.calcsize(form) // 2 for kind, form in _FORMATS.items()}

WORD_ORDERS = frozenset({"ABCD", "CDAB", "BADC", "DCBA"})
"""Where the bytes A (highest) to D (lowest) of a 32-bit value stand on the wire; 16 and 64 bits likewise."""
_WORDS_REVERSED = frozenset({"CDAB", "DCBA"})
_BYTES_SWAPPED = frozenset({"BADC", "DCBA"})


def register_count(kind: str) -> int:
    """Return how many registers a value of type ``kind`` takes."""
    return _COUNTS[kind]


def decode_registers(registers: Sequence[int], kind: str, word_order: str = "ABCD") -> float:
    """Return the raw number in ``registers``; NaN or an infinity where the meter sent one."""
    raw = struct.pack(f">{len(registers)}H", *_ordered(registers, word_order))
    (value,) = struct.unpack(_FORMATS[kind], raw)
    return float(value)


def unsigned(registers: Sequence[int], word_order: str = "ABCD") -> int:
    """Return what stands in ``registers`` as one unsigned number, whatever its type."""
    words = _ordered(registers, word_order)
    return int.from_bytes(struct.pack(f">{len(words)}H", *words), "big")


def encode_registers(value: float, kind: str, word_order: str = "ABCD") -> tuple[int, ...]:
    """Return the registers of a raw number, rounded and held within what the type can show."""
    form = _FORMATS[kind]
    raw = struct.pack(form, _number(value, kind))
    registers = struct.unpack(f">{len(raw) // 2}H", raw)
    return tuple(_ordered(registers, word_order))


def _ordered(registers: Sequence[int], word_order: str) -> list[int]:
    """Bring registers into high-to-low order, or back: each step undoes itself."""
    ordered = list(reversed(registers)) if word_order in _WORDS_REVERSED else list(registers)
    if word_order in _BYTES_SWAPPED:
        ordered = [(word >> 8) | ((word & 0xFF) << 8) for word in ordered]
    return ordered


def _number(value: float, kind: str) -> float:
    if kind == "float64":
        return value
    return _float32(value) if kind == "float32" else _whole(value, kind)


def _float32(value: float) -> float:
    try:
        struct.pack(">f", value)
    except OverflowError:  # a finite number that single precision cannot hold
        return math.copysign(math.inf, value)
    return value


def _whole(value: float, kind: str) -> int:
    bits = 16 * register_count(kind)
    low, high = (0, 2**bits - 1) if kind.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return low if math.isnan(value) else int(min(max(round(value), low), high))
