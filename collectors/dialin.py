"""Lines of terminals that dial in: they connect to us, say who they are, and keep the connection alive."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias, cast
from weakref import WeakKeyDictionary

from collectors.inbox import INBOX_BYTES, Inbox
from collectors.receiver import Receiver
from collectors.strangers import Strangers
from pipeline.errors import TransportError, bounded_hex
from pipeline.ports import Unmatched

WAIT_S: Final = 5.0
"""How long a question waits for its terminal; until it has dialled in, its meters get ``LINK``."""
REGISTER_WITHIN_S: Final = 30.0
"""A connection that has not said who it is by then is cut."""
REGISTRATION_MOST: Final = 256
PADDING: Final = b"\r\n\0 "
"""What terminals put behind their registration packet."""

Place: TypeAlias = tuple[str, int]

_log = logging.getLogger("kilowatch.collectors.dialin")


class _Terminal(Receiver):
    """One connection of a terminal, known by its first packet."""

    def __init__(self, listener: _Listener) -> None:
        super().__init__(self.receive)
        self._listener = listener
        self._buffer = b""
        self._timer: asyncio.TimerHandle | None = None
        self.transport: asyncio.Transport | None = None
        self.line: DialInLine | None = None
        self.inbox = Inbox()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._listener.terminals.add(self)
        self._timer = asyncio.get_running_loop().call_later(REGISTER_WITHIN_S, self._refuse)

    def connection_lost(self, exc: Exception | None) -> None:
        reason = str(exc) if exc is not None else "the terminal closed the connection"
        self._settle()
        self._listener.terminals.discard(self)
        name = self.line.name if self.line is not None else "dial-in"
        self.inbox.fail(TransportError(f"{name}: {reason}"))
        if self.line is not None:
            self.line.left(self)

    def receive(self, data: bytes) -> None:
        if self.line is not None:
            # Heartbeats come between frames as packets of their own; some repeat the registration.
            if data.strip(PADDING) not in (self.line.registration, self.line.heartbeat):
                self.inbox.feed(data)
            return
        self._buffer += data
        line = self._listener.line_of(self._buffer)
        if line is not None:
            self._settle()
            self.line = line
            line.joined(self)
            rest = self._buffer[len(line.registration) :].lstrip(PADDING)
            if rest:
                self.receive(rest)
        elif len(self._buffer) > REGISTRATION_MOST:
            self._refuse()

    def cut(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def _refuse(self) -> None:
        _log.warning("terminal not known, cut", extra={"said": bounded_hex(self._buffer)})
        if self._buffer:  # who says nothing is a probe of the port
            said = self._buffer[:REGISTRATION_MOST].strip(PADDING)
            self._listener.strangers.hear(said.decode("ascii", "backslashreplace"), self._buffer)
        self.cut()

    def _settle(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


@dataclass(eq=False, slots=True)
class _Listener:
    """One port on which any number of terminals dial in."""

    strangers: Strangers
    lines: list[DialInLine] = field(default_factory=list)
    terminals: set[_Terminal] = field(default_factory=set)
    server: asyncio.Server | None = None

    def line_of(self, said: bytes) -> DialInLine | None:
        return next((line for line in self.lines if said.startswith(line.registration)), None)


_listeners: MutableMapping[asyncio.AbstractEventLoop, dict[Place, _Listener]] = WeakKeyDictionary()
"""The open ports of each event loop: the lines of one port share it."""


def unknown_terminals(now: datetime) -> list[Unmatched]:
    """Return who dialled in on a port of this event loop and was cut because no bus is theirs."""
    listeners = _listeners.get(asyncio.get_running_loop(), {})
    return [message for listener in listeners.values() for message in listener.strangers.take(now)]


class DialInLine:
    """The connection of one terminal that dials in. Implements ``collectors.transports.Line``.

    The port stays open between two connections; :meth:`stop_listening` gives it up.
    """

    def __init__(
        self,
        host: str,
        port: int,
        registration: bytes,
        *,
        heartbeat: bytes = b"",
        baudrate: int | None = None,
    ) -> None:
        """Name the terminal; nothing listens yet.

        Args:
            host: Our own address that terminals dial; ``0.0.0.0`` for all.
            port: The port, which several terminals may share.
            registration: The packet that the terminal begins with.
            heartbeat: The packet with which it keeps the connection alive; it is no answer.
            baudrate: Of the slow line behind the terminal.
        """
        self.name = f"listen://{host}:{port}/{registration.decode('ascii', 'backslashreplace')}"
        self.registration = registration
        self.heartbeat = heartbeat
        self.baudrate = baudrate
        self._place = (host, port)
        self._terminal: _Terminal | None = None
        self._arrived = asyncio.Event()

    async def open(self) -> None:
        """Listen, and wait for the terminal.

        Raises:
            TransportError: If the port is taken, or the terminal does not dial in within ``WAIT_S``.
        """
        await self._listen()
        try:
            async with asyncio.timeout(WAIT_S):
                await self._arrived.wait()
        except TimeoutError as error:
            raise TransportError(
                f"{self.name}: the terminal has not dialled in; "
                "check its server address and registration packet"
            ) from error

    def write(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            TransportError: If the terminal is away or takes no more.
        """
        terminal = self._terminal
        if terminal is None or terminal.transport is None:
            raise TransportError(f"{self.name}: the terminal has hung up")
        terminal.inbox.check()
        if terminal.transport.get_write_buffer_size() > INBOX_BYTES:
            raise TransportError(f"{self.name}: the terminal takes no more bytes")
        terminal.transport.write(data)

    def read(self, deadline: float) -> Awaitable[bytes]:
        """Return some bytes; see ``collectors.transports.Line.read``."""
        if self._terminal is None:
            raise TransportError(f"{self.name}: the terminal has hung up")
        return self._terminal.inbox.read(deadline)

    def drain_input(self) -> bytes:
        """Return and forget what came unasked."""
        return b"" if self._terminal is None else self._terminal.inbox.drain()

    async def close(self) -> None:
        """Cut the connection, so that the terminal dials in anew; the port stays open for it."""
        if self._terminal is not None:
            self._terminal.cut()

    async def stop_listening(self) -> None:
        """Cut the connection and give the port up when no other line uses it."""
        await self.close()
        open_here = _listeners.get(asyncio.get_running_loop(), {})
        listener = open_here.get(self._place)
        if listener is None or self not in listener.lines:
            return
        listener.lines.remove(self)
        if listener.lines:
            return
        del open_here[self._place]
        for terminal in tuple(listener.terminals):
            terminal.cut()
        if listener.server is not None:
            listener.server.close()
            await listener.server.wait_closed()

    def joined(self, terminal: _Terminal) -> None:
        """Take a terminal's new connection; an older one is dead, whatever the system thinks of it."""
        old, self._terminal = self._terminal, terminal
        if old is not None:
            old.cut()
        self._arrived.set()
        _log.info("terminal dialled in", extra={"line": self.name})

    def left(self, terminal: _Terminal) -> None:
        """Note that a connection is over."""
        if self._terminal is terminal:
            self._terminal = None
            self._arrived.clear()

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        host, port = self._place
        fresh = _Listener(strangers=Strangers(f"listen://{host}:{port}"))
        listener = _listeners.setdefault(loop, {}).setdefault(self._place, fresh)
        if self not in listener.lines:
            self._require_distinct(listener)
            listener.lines.append(self)
        if listener.server is not None:
            return
        try:
            listener.server = await loop.create_server(lambda: _Terminal(listener), host, port)
        except OSError as error:
            raise TransportError(
                f"{self.name}: {error}; name a free port and an address of this host"
            ) from error

    def _require_distinct(self, listener: _Listener) -> None:
        for other in listener.lines:
            if self.registration.startswith(other.registration) or other.registration.startswith(
                self.registration
            ):
                raise TransportError(
                    f"{self.name}: its registration cannot be told from that of {other.name}; "
                    "give one of them another port"
                )
