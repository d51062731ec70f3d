"""A TCP way that can be cut, as by a pulled cable, or stalled, as by a firewall that forgets."""

from __future__ import annotations

import asyncio
from typing import Self

CHUNK = 65_536


class Link:
    """Forwards a port of its own to another one."""

    def __init__(self, name: str, port: int, peer: str) -> None:
        """Lead to ``port`` of this host; :meth:`open` listens."""
        self.name = name
        self.peer = peer
        self.port = 0
        self._target = port
        self._is_cut = False
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> Self:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def cut(self) -> None:
        """Break every connection, and each new one at once, until :meth:`heal`."""
        self._is_cut = True
        for writer in tuple(self._writers):
            writer.transport.abort()

    def stall(self) -> None:
        """Let nothing through and break nothing, until :meth:`heal`."""
        self._flowing.clear()

    def heal(self) -> None:
        """Forward again."""
        self._is_cut = False
        self._flowing.set()

    async def close(self) -> None:
        """Cut and listen no more."""
        if self._server is not None:
            self._server.close()
        self.cut()
        self._flowing.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, back}
        self._writers |= pair
        try:
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        finally:
            self._writers -= pair

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(CHUNK):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()
