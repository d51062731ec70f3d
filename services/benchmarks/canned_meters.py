"""Meters that give one answer to whatever they are asked, as a script in a process of their own.

It prints its port, then serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

BACKLOG = 2000
END = 0x16


class CannedMeter(asyncio.Protocol):
    """One connection."""

    def __init__(self, answer: bytes) -> None:
        """Know the one answer."""
        self._answer = answer
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer a question that has come to its end."""
        if data[-1] == END and self._transport is not None:
            self._transport.write(self._answer)


async def serve(answer: bytes) -> None:
    """Serve on a free port of this host."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: CannedMeter(answer), "127.0.0.1", 0, backlog=BACKLOG)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(bytes.fromhex(sys.argv[1])))
