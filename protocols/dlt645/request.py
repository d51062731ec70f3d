"""What a question is on the wire and what its answer is read with, the same for all meters of a model."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from protocols.dlt645.catalogue import Item
from protocols.dlt645.decoding import Decoder, Slot
from protocols.dlt645.frame import END, FROM_METER, PLUS_33
from protocols.dlt645.version import Version

_CLOSINGS: Final = tuple(bytes((checksum, END)) for checksum in range(256))


class Request(NamedTuple):
    """One question without the address."""

    function: int
    sent: bytes
    """From the control code to the last byte of data."""
    total: int
    """The sum of these bytes."""
    is_order: bool
    identifier: bytes = b""
    """What is read, DI0 first; empty for a question that is no read."""
    item: Item | None = None
    """What the identifier means; None where the catalogue has no row for it."""
    answer: bytes = b""
    """How an answer with nothing but present values is sent, from the control code to the identifier; empty
    where more has to be looked at."""
    slots: tuple[Slot, ...] = ()
    """The fields of such an answer, prepared for reading."""

    def closing(self, head_sum: int) -> bytes:
        """Return checksum and end of a frame whose bytes before the control code sum up to ``head_sum``."""
        return _CLOSINGS[(head_sum + self.total) & 0xFF]


def sent(function: int, data: bytes, version: Version) -> Request:
    """Return a question that reads nothing the catalogue knows."""
    out = bytes((function, len(data))) + data.translate(PLUS_33)
    return Request(
        function=function,
        sent=out,
        total=sum(out),
        is_order=not version.asks(function),
    )


def reading(function: int, data: bytes, decoder: Decoder, version: Version) -> Request:
    """Return a question that begins with the identifier it reads."""
    identifier = data[: version.identifier_bytes]
    return sent(function, data, version)._replace(identifier=identifier, item=decoder.item(identifier))


@lru_cache(maxsize=4096)
def reading_present(identifier: bytes, decoder: Decoder, version: Version) -> Request:
    """Return the question for an identifier alone; it is asked again and again."""
    request = reading(version.read, identifier, decoder, version)
    item = request.item
    if item is None or not item.is_plain:
        return request
    head = bytes((version.read | FROM_METER, len(identifier) + item.element_length))
    return request._replace(answer=head + identifier.translate(PLUS_33), slots=decoder.prepared(item))
