"""Questions of a master: their names, their bytes, and the longest answer to each."""

from __future__ import annotations

from typing import Final

from protocols.dlt645.frame import OVERHEAD, PREAMBLE
from protocols.dlt645.functions import Function2007
from protocols.dlt645.version import VERSION_2007, Version
from protocols.session import Query

MAX_DATA: Final = 200
"""The longest data field of a read answer (clause 5.2.4)."""
LAST_SEQUENCE: Final = 255
"""After it the number of a following frame begins at 1 again (production firmware)."""
FREEZE_OF_DAY: Final = b"\x00"
"""In place of a freeze's number, followed by a day (ISO 8601): the session knows the number when it asks."""
PAST_PERIOD: Final = b"\xfe"
"""In place of a past settlement period's number, followed by when it was closed (ISO 8601)."""

SETTLEMENT_PROGRAMMING: Final = bytes.fromhex("010C3003")
"""The newest record of a programming of the settlement days (03300C01)."""


def read_query(
    wire: bytes, content_bytes: int, arguments: bytes = b"", *, version: Version = VERSION_2007
) -> Query:
    """Return the question for an identifier.

    Args:
        wire: The identifier, DI0 first.
        content_bytes: The longest content of its answer.
        arguments: What follows the identifier in the request (load records).
        version: Which edition the meter speaks.
    """
    return Query(
        what=wire[::-1].hex().upper(),
        body=bytes((version.read,)) + wire + arguments,
        answer_bytes=len(PREAMBLE) + OVERHEAD + min(MAX_DATA, len(wire) + content_bytes + 1),
    )


def following_query(query: Query, wire: bytes, sequence: int, version: Version) -> Query:
    """Return the question for the next part (读后续数据) of an answer that goes on.

    Args:
        query: The question, or the question for the part before.
        wire: Its identifier, DI0 first.
        sequence: Number of the part, 1 for the first after the answer; it wraps after 255.
        version: Which edition the meter speaks.
    """
    number = (sequence - 1) % LAST_SEQUENCE + 1
    whole = query.part_of or query.what
    return Query(
        what=f"{whole} #{sequence}",
        body=bytes((version.read_following,)) + wire + (bytes((number,)) if version.has_sequence else b""),
        answer_bytes=len(PREAMBLE) + OVERHEAD + MAX_DATA,
        part_of=whole,
    )


def address_query() -> Query:
    """Return the question for the meter's own address (读通信地址), for a session with an address of AA."""
    return Query(
        what="address",
        body=bytes((Function2007.READ_ADDRESS,)),
        answer_bytes=len(PREAMBLE) + OVERHEAD + 6,
    )
