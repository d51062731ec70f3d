"""Reads stored answers again, one by one or many at once as columns: the same values either way.

What a meter shows at one instant is read: present registers, powers, spectra, status words. Freezes and load
records need the question that led to them (see ``memory.py``), an answer in several frames needs them all:
such frames are left to the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import DecodeError
from pipeline.model import Quality
from pipeline.quantities import Quantity
from protocols.dlt645.catalogue import Item
from protocols.dlt645.decoding import BLOCK_TRAILER, Decoder, Flags, Slot, Values, on_wiring
from protocols.dlt645.frame import (
    END,
    FROM_METER,
    HEADER,
    MINUS_33,
    OVERHEAD,
    START,
    Frame,
    is_whole,
    payload,
    printed_address,
)
from protocols.dlt645.functions import Function1997, Function2007
from protocols.dlt645.values import Format, Kind, bytes_to_instant

Bytes = NDArray[np.uint8]

IDENTIFIER_BYTES: Final[Mapping[int, int]] = {
    # By the control code of a whole, normal answer.
    Function2007.READ | FROM_METER: 4,
    Function1997.READ | FROM_METER: 2,
}


def _pair(sent: int) -> float:
    """Return the number in the two digits of a byte as it is sent, with its 33H; NaN when they are none."""
    text = f"{(sent - 0x33) & 0xFF:02x}"
    return float(text) if text.isdecimal() else np.nan


_PAIRS: Final = np.array([_pair(sent) for sent in range(256)])
_ABSENT: Final = np.uint8((0xFF + 0x33) & 0xFF)
_OFFSET: Final = np.uint8(0x33)
_SIGN: Final = np.uint8(0x80)
_HEAD: Final = slice(HEADER - 2, HEADER + IDENTIFIER_BYTES[Function2007.READ | FROM_METER])
"""Control code, length and identifier of a frame of 2007."""
_TOO_LONG: Final = OVERHEAD + 256
"""No frame has so many bytes: its length byte counts to 255."""


class ReadAnswer(NamedTuple):
    """What one stored answer says."""

    address: str
    values: Values
    flags: Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerColumns:
    """Stored answers with one identifier and one length, as columns with a row a frame."""

    item: Item
    rows: NDArray[np.intp]
    """Places of the frames in what was given."""
    addresses: NDArray[np.uint64]
    """Their twelve hexadecimal digits are those printed on the meters: ``f"{address:012X}"``."""
    numbers: Mapping[Quantity, NDArray[np.float64]]
    """NaN where missing; spectra and status words have shape (rows, elements)."""
    flags: Mapping[Quantity, NDArray[np.int32]]
    """``Quality`` of the values that could not be read; only of quantities that have such."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What many stored frames say."""

    columns: Sequence[AnswerColumns]
    left: NDArray[np.intp]
    """Places of the frames without present values; :func:`read_answer` says why."""


def read_answer(raw: bytes, decoder: Decoder) -> ReadAnswer:
    """Return what one stored answer says.

    Args:
        raw: One whole frame without preamble.
        decoder: For the meter's wiring and clock zone.

    Raises:
        FrameError: If delimiters, length or checksum are wrong.
        DecodeError: If it is no whole normal answer, or its identifier is unknown or of stored values.
    """
    if not is_whole(raw):
        Frame.decode(raw)  # says what is wrong
    slots = _plain_slots(raw[_HEAD], decoder)
    if slots is not None:
        values, flags = decoder.read(slots, payload(raw)[4:])
        return ReadAnswer(printed_address(raw), values, flags)
    size = IDENTIFIER_BYTES.get(raw[HEADER - 2])
    if size is None:
        raise DecodeError(f"control code {raw[HEADER - 2]:02X} is no whole answer to a read", raw)
    data = payload(raw)
    item = _present_item(data[:size], decoder) if len(data) >= size else None
    if item is None:
        raise DecodeError(f"identifier {data[:size][::-1].hex().upper()} has no present values", raw)
    values, flags = decoder.values(item, data[size:])
    return ReadAnswer(printed_address(raw), values, flags)


def replay(frames: Sequence[bytes], decoder: Decoder) -> Replay:
    """Return what many stored answers say, each group of like frames worked out at once.

    Args:
        frames: Whole frames without preamble.
        decoder: For the meters' wiring and clock zone.
    """
    lengths = np.fromiter(map(len, frames), dtype=np.int64, count=len(frames)).clip(max=_TOO_LONG)
    taken = np.zeros(len(frames), dtype=np.bool_)
    columns: list[AnswerColumns] = []
    for length in np.flatnonzero(np.bincount(lengths)).tolist():
        if not OVERHEAD <= length < _TOO_LONG:
            continue
        rows = np.flatnonzero(lengths == length)
        chosen = frames if len(rows) == len(frames) else list(map(frames.__getitem__, rows.tolist()))
        matrix = np.frombuffer(b"".join(chosen), dtype=np.uint8).reshape(len(rows), length)
        for group in _groups(rows, matrix, decoder):
            columns.append(group)
            taken[group.rows] = True
    return Replay(columns=columns, left=np.flatnonzero(~taken))


def _groups(rows: NDArray[np.intp], matrix: Bytes, decoder: Decoder) -> list[AnswerColumns]:
    """Split frames of one length by what they answer."""
    sound = _sound(matrix)
    groups: list[AnswerColumns] = []
    for control, size in IDENTIFIER_BYTES.items():
        of_control = np.flatnonzero(sound & (matrix[:, HEADER - 2] == control))
        if not len(of_control) or matrix.shape[1] < OVERHEAD + size:
            continue
        sent = matrix[:, HEADER : HEADER + size].take(of_control, axis=0) - _OFFSET
        keys = sent.view(f"<u{size}").ravel()
        for key in np.unique(keys).tolist():
            item = _present_item(key.to_bytes(size, "little"), decoder)
            if item is None:
                continue
            same = of_control.take(np.flatnonzero(keys == key))
            group = _columns(item, rows.take(same), matrix.take(same, axis=0), HEADER + size, decoder)
            if group is not None:
                groups.append(group)
    return groups


def _sound(matrix: Bytes) -> NDArray[np.bool_]:
    """Tell which frames keep delimiters, length and checksum."""
    length = matrix.shape[1]
    # A column after the other: numpy adds long rows fast and short ones slowly.
    sums = np.ascontiguousarray(matrix.T)[:-2].sum(axis=0, dtype=np.uint8)
    fits: NDArray[np.bool_] = (
        (matrix[:, 0] == START)
        & (matrix[:, 7] == START)
        & (matrix[:, HEADER - 1] == length - OVERHEAD)
        & (matrix[:, -1] == END)
        & (matrix[:, -2] == sums)
    )
    return fits


@lru_cache(maxsize=4096)
def _plain_slots(head: bytes, decoder: Decoder) -> tuple[Slot, ...] | None:
    """Return the fields of an answer with this control code, length and identifier, prepared for reading.

    None where more has to be looked at: blocks, spectra, refusals, identifiers of 1997.
    """
    control, length, sent = head[0], head[1], head[2:]
    if IDENTIFIER_BYTES.get(control) != len(sent) or length < len(sent):
        return None
    item = _present_item(sent.translate(MINUS_33), decoder)
    if item is None or item.is_block or item.spectrum is not None:
        return None
    return decoder.prepared(item) if length == len(sent) + item.element_length else None


@lru_cache(maxsize=4096)
def _present_item(wire: bytes, decoder: Decoder) -> Item | None:
    item = decoder.item(wire)
    return None if item is None or item.is_stored else item


def _columns(
    item: Item, rows: NDArray[np.intp], matrix: Bytes, start: int, decoder: Decoder
) -> AnswerColumns | None:
    """Read one group; None when the length does not fit the item."""
    content = matrix[:, start:-2]
    count, rest = divmod(content.shape[1], item.element_length)
    if rest == 1 and item.is_block:
        closed = content[:, -1] == np.uint8((BLOCK_TRAILER + 0x33) & 0xFF)
        rows, matrix, content, rest = rows[closed], matrix[closed], content[closed, :-1], 0
    if rest or count > len(item.suffixes) or not len(rows):
        return None
    if item.spectrum is not None:
        values, flags = _spectrum(item, content, decoder)
    else:
        values, flags = {}, {}
        for slot in decoder.slots(item.fields):
            if slot.stop <= content.shape[1]:
                values[slot.quantity], odd = _field(content, slot, decoder)
                if odd.any():
                    flags[slot.quantity] = _flags(odd)
    return AnswerColumns(item=item, rows=rows, addresses=_addresses(matrix), numbers=values, flags=flags)


def _addresses(matrix: Bytes) -> NDArray[np.uint64]:
    """Return each frame's address; its hexadecimal digits are those printed on the meter."""
    padded = np.zeros((len(matrix), 8), dtype=np.uint8)
    padded[:, :6] = matrix[:, 1:7]
    return padded.view("<u8").ravel()


def _field(content: Bytes, slot: Slot, decoder: Decoder) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return one field of every frame, and where it is neither a number nor absent."""
    field = content[:, slot.stop - slot.form.length : slot.stop]
    if slot.form.kind is Kind.TIME:
        return _instants(field, decoder), np.zeros(len(field), dtype=np.bool_)
    return _numbers(field, slot.form)


def _numbers(field: Bytes, form: Format) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    weights = 100.0 ** np.arange(field.shape[1])
    numbers: NDArray[np.float64] = _PAIRS.take(field) @ weights
    if form.signed:
        last = field[:, -1] - _OFFSET
        negative = np.flatnonzero(last & _SIGN)
        magnitude = field[negative]
        magnitude[:, -1] = (last[negative] & ~_SIGN) + _OFFSET
        numbers[negative] = -(_PAIRS[magnitude] @ weights)
    # Sums of whole numbers below 2^53 are exact in any order.
    numbers = numbers / 10**form.decimals + 0.0  # no meter means -0.0
    missing = np.isnan(numbers)
    return numbers, missing & (field != _ABSENT).any(axis=1) if missing.any() else missing


def _instants(field: Bytes, decoder: Decoder) -> NDArray[np.float64]:
    """Return times as POSIX seconds, NaN where there is none; the same time comes often."""
    packed = np.ascontiguousarray(field - _OFFSET).view(f"V{field.shape[1]}").ravel()
    stamps: dict[bytes, float] = {}
    raws = [bytes(raw) for raw in packed]
    for raw in set(raws):
        instant = bytes_to_instant(raw, decoder.zone)
        stamps[raw] = np.nan if instant is None else instant.timestamp()
    return np.fromiter(map(stamps.__getitem__, raws), dtype=np.float64, count=len(raws))


def _spectrum(
    item: Item, content: Bytes, decoder: Decoder
) -> tuple[dict[Quantity, NDArray[np.float64]], dict[Quantity, NDArray[np.int32]]]:
    """Return a block that is one quantity as a whole, a row a frame; harmonics have their order as index."""
    quantity = item.spectrum and on_wiring(item.spectrum, decoder.wiring)
    if quantity is None or not content.shape[1]:
        return {}, {}
    form = item.row.parts[0].form
    parts = content.reshape(len(content), -1, form.length)
    if form.kind is Kind.WORD:
        plain = (parts - _OFFSET).astype(np.int64)
        return {quantity: (plain @ (256 ** np.arange(form.length))).astype(np.float64)}, {}
    numbers, odd = _numbers(parts.reshape(-1, form.length), form)
    orders = np.column_stack([np.full(len(content), np.nan), numbers.reshape(len(content), -1)])
    flagged = np.logical_or.reduce(odd.reshape(len(content), -1), axis=1)
    return {quantity: orders}, {quantity: _flags(flagged)} if flagged.any() else {}


def _flags(odd: NDArray[np.bool_]) -> NDArray[np.int32]:
    return np.where(odd, np.int32(Quality.NOT_BCD), np.int32(Quality.GOOD))
