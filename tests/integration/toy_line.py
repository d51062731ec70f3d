"""A TCP server of the toy protocol, with a multi-drop line's habits: it answers when its function says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.unit.collectors.toy import Respond, toy_reply


@dataclass
class ToyServer:
    """What a test sees of the far end."""

    respond: Respond
    port: int = 0
    questions: list[bytes] = field(default_factory=list)
    connections: set[asyncio.StreamWriter] = field(default_factory=set)
    conversations: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Cut every connection, as a modem does."""
        for writer in self.connections:
            writer.transport.abort()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Know a connection before it is served: one that is cut before its first line must be closed too."""
        self.connections.add(writer)
        self.conversations.append(asyncio.create_task(self.talk(reader, writer)))

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        try:
            while question := await reader.readline():
                self.questions.append(question)
                for delay_s, reply in self.respond(question):
                    loop.call_later(delay_s, writer.write, reply)
        except ConnectionError:
            pass
        finally:
            self.connections.discard(writer)
            writer.transport.abort()


@asynccontextmanager
async def toy_server(respond: Respond = toy_reply, port: int = 0) -> AsyncIterator[ToyServer]:
    """Serve on a free port of 127.0.0.1, or on ``port``."""
    toy = ToyServer(respond)
    server = await asyncio.start_server(toy.accept, "127.0.0.1", port)
    toy.port = server.sockets[0].getsockname()[1]
    try:
        yield toy
    finally:
        server.close()
        toy.cut()
        # A task that ends with the event loop instead would leave its connection to the garbage collector.
        await asyncio.gather(*toy.conversations)
        await server.wait_closed()
