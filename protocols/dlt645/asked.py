"""Asks a meter for identifiers as a person writes them, and joins the parts of what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from protocols.dlt645.catalogue import IDENTIFIER_2007, lookup
from protocols.dlt645.frame import payload
from protocols.dlt645.memory import FREEZE_TIME, LOAD_RECORD
from protocols.dlt645.questions import MAX_DATA, read_query
from protocols.dlt645.records import ALL_CLASSES, CLASSES, blocks_per_answer
from protocols.dlt645.redaction import PASSWORD_ITEMS
from protocols.dlt645.values import parse_format, time_to_bytes
from protocols.dlt645.version import VERSION_2007, Version
from protocols.session import Query

MOST_BLOCKS: Final = 255
"""The number of blocks is one byte."""
_EARLIEST, _SINCE, _LATEST = b"\x00\x00", b"\x01\x00", b"\x02\x00"
"""DI0 and DI1 of load records: the oldest, those from a time on, the newest."""
_FREEZE: Final = 0x05
_WHOLE_BLOCK: Final = 0xFF


def identifier_bytes(text: str, version: Version) -> bytes:
    """Return an identifier as it travels, DI0 first.

    Raises:
        ValueError: If the digits are no identifier of this edition.
    """
    try:
        wire = bytes.fromhex(text)[::-1]
    except ValueError:
        wire = b""
    if len(wire) != version.identifier_bytes:
        raise ValueError(
            f"identifier {text!r}: a meter of {version.year} has {2 * version.identifier_bytes} hexadecimal "
            f"digits, such as {'04000409' if version is VERSION_2007 else '9010'}"
        )
    return wire


def is_load_record(wire: bytes) -> bool:
    """Tell whether an identifier is of load records (负荷记录)."""
    return len(wire) == IDENTIFIER_2007 and wire[3] == LOAD_RECORD


def identifier_query(wire: bytes, version: Version, since: datetime | None, blocks: int | None) -> Query:
    """Return the question for an identifier.

    Args:
        wire: The identifier, DI0 first.
        version: Of the meter.
        since: For load records from a time on: that time on the meter's clock.
        blocks: How many load records; as many as one frame holds when left out.

    Raises:
        ValueError: If a load record is asked for that the standard does not have, or without its time; or a
            password.
    """
    if wire[1:] == PASSWORD_ITEMS:
        raise ValueError(f"identifier {wire[::-1].hex().upper()} is a password: it is written, never read")
    if not is_load_record(wire):
        return read_query(wire, MAX_DATA, version=version)
    digits = wire[::-1].hex().upper()
    if wire[2] not in (ALL_CLASSES, *CLASSES) or wire[:2] not in (_EARLIEST, _SINCE, _LATEST):
        raise ValueError(
            f"identifier {digits}: load records are 060k0000 (the oldest), 060k0001 (from a time on) and "
            "060k0002 (the newest), k = 1 to 6 for one class, 0 for all"
        )
    count = blocks if blocks is not None else blocks_per_answer(wire[2])
    if not 1 <= count <= MOST_BLOCKS:
        raise ValueError(f"a question asks for 1 to {MOST_BLOCKS} load records, not {count}")
    arguments = bytes((count,))
    if wire[:2] == _SINCE:
        if since is None:
            raise ValueError(
                f"identifier {digits} asks from a time on: add --from 'YYYY-MM-DD hh:mm', or ask "
                f"{digits[:-1]}2, the newest"
            )
        arguments += time_to_bytes(since, parse_format("YYMMDDhhmm"))
    return read_query(wire, MAX_DATA, arguments)


def freeze_time_query(wire: bytes) -> Query | None:
    """Return the question when a freeze (冻结) was made; None for what is no freeze, or tells it itself."""
    is_freeze = len(wire) == IDENTIFIER_2007 and wire[3] == _FREEZE and wire[0] != _WHOLE_BLOCK
    if not is_freeze or wire[1] in (FREEZE_TIME, _WHOLE_BLOCK):
        return None
    item = lookup(bytes((wire[0], FREEZE_TIME)) + wire[2:])
    return None if item is None else read_query(item.wire, item.element_length)


def joined_content(frames: Sequence[bytes], version: Version) -> bytes:
    """Return what follows the identifier in an answer of one frame or of several (后续帧).

    Args:
        frames: The whole frames in their order, without preambles.
        version: Of the meter; in 2007 each following part ends with its number.
    """
    size = version.identifier_bytes
    content = b""
    for number, frame in enumerate(frames):
        part = payload(frame)[size:]
        content += part[:-1] if number and version.has_sequence else part
    return content
