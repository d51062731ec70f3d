"""As many DL/T 645 meters as are asked for, all copies of one, as a script in a process of their own.

Each connection is a line with a meter at every address. What the one simulated meter answers to a question is
worked out once and then sent again under the address that was asked, so that ten thousand meters cost little.
It prints its port, then serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, cast

from pipeline.quantities import Group, Kind, Quantity
from protocols.dlt645.frame import END, HEADER, OVERHEAD, START, address_bytes
from simulators.dlt645_meter import Dlt645Meter

BACKLOG: Final = 2000
ADDRESS: Final = address_bytes("000000000001")
"""Of the one that is copied."""
LENGTH_AT: Final = 9
SHOWN: Final[Mapping[Quantity, float]] = {
    quantity: 1.0
    for quantity in Quantity
    if quantity.group in {Group.REGISTER, Group.DEMAND, Group.ELECTRICAL}
    and quantity.kind in {Kind.COUNTER, Kind.REAL}
}
"""What it measures, for ever."""


class Copies:
    """Answers for any address what the one meter answers for its own."""

    def __init__(self) -> None:
        """Know no answer yet."""
        self._meter = Dlt645Meter(ADDRESS[::-1].hex(), Constant(), lambda: datetime.now(UTC))
        self._answers: dict[bytes, bytes] = {}

    def answer(self, frame: bytes) -> bytes:
        """Return the answer to one whole frame; empty for silence."""
        asked = frame[HEADER - 2 : -2]
        answer = self._answers.get(asked)
        if answer is None:
            raw = self._meter.receive(_frame(ADDRESS, asked))
            answer = self._answers[asked] = raw[raw.find(START) + HEADER - 2 : -2] if raw else b""
        return _frame(frame[1:7], answer) if answer else b""


class Constant:
    """A load that never changes."""

    def read(self, instant: datetime) -> Mapping[Quantity, float]:  # noqa: ARG002 - the shape of every model
        """Return what is shown."""
        return SHOWN


class CopiedLine(asyncio.Protocol):
    """One connection."""

    def __init__(self, copies: Copies) -> None:
        """Share the copies with all other lines."""
        self._copies = copies
        self._heard = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer a question that has come to its end; what is no question is passed over."""
        self._heard += data
        begin = self._heard.find(START)
        frame = self._heard[begin:] if begin >= 0 else b""
        if len(frame) < OVERHEAD or len(frame) < OVERHEAD + frame[LENGTH_AT]:
            return
        self._heard = b""
        if frame[-1] == END and self._transport is not None:
            self._transport.write(self._copies.answer(frame))


def _frame(address: bytes, rest: bytes) -> bytes:
    """Return the frame of an address with everything from the control code to the data."""
    head = bytes((START, *address, START)) + rest
    return head + bytes((sum(head) & 0xFF, END))


async def serve() -> None:
    """Serve on a free port of this host."""
    loop = asyncio.get_running_loop()
    copies = Copies()
    server = await loop.create_server(lambda: CopiedLine(copies), "127.0.0.1", 0, backlog=BACKLOG)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
