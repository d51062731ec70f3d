"""The ways to a line: TCP connections, terminals that dial in, serial ports, all with the same verbs."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import termios
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import SplitResult, parse_qsl, urlsplit

import serial  # type: ignore[import-untyped]  # pyserial ships no types

from collectors.dialin import DialInLine
from collectors.inbox import INBOX_BYTES, Inbox
from collectors.receiver import Receiver
from pipeline.errors import ConfigError, TransportError

CONNECT_TIMEOUT_S = 5.0
UNACKNOWLEDGED_MS = 20_000
"""How long sent bytes may stay unacknowledged before the system calls a TCP line dead."""

DEFAULT_BAUDRATE = 2400
"""DL/T 645-2007 clause 5.2: the RS-485 default."""
_PARITIES = "NEOMS"
_OPTIONS = {
    # ``framing`` is the protocol's business; the line carries it along.
    "tcp": {"baudrate", "framing"},
    "tls": {"baudrate", "framing", "ca", "certificate", "key", "name"},
    "listen": {"baudrate", "framing", "registration", "heartbeat"},
    "serial": {"baudrate", "parity", "stopbits", "framing"},
}


class Line(Protocol):
    """Carries bytes to and from one bus; understands none of them."""

    @property
    def baudrate(self) -> int | None:
        """Bit rate of the slowest stretch, or None where it does not count."""
        ...

    async def open(self) -> None:
        """Open the line.

        Raises:
            TransportError: If the peer or the port is away.
        """
        ...

    def write(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            TransportError: If the line is down.
        """
        ...

    def read(self, deadline: float) -> Awaitable[bytes]:
        """Return some bytes, in whatever chunk they came.

        Args:
            deadline: The event loop's time at which to give up.

        Raises:
            TimeoutError: If nothing came in time.
            TransportError: If the line is down.
        """
        ...

    def drain_input(self) -> bytes:
        """Return and forget what came unasked."""
        ...

    async def close(self) -> None:
        """Close the line; a closed line may be closed again."""
        ...


def line_for(url: str) -> Line:
    """Return the closed line that ``url`` names.

    Args:
        url: ``tcp://host:port``, with ``?baudrate=2400`` where a slow serial line lies behind it,
            ``tls://host:802?ca=ca.pem&certificate=own.pem&key=own.key`` (MODBUS/TCP Security), or
            ``serial:///dev/ttyUSB0?baudrate=2400&parity=E&stopbits=1``, or ``listen://0.0.0.0:9000/ID`` for a
            terminal that dials in and begins with its ID, or with ``?registration=`` (hexadecimal), and keeps
            the connection alive with ``&heartbeat=`` (hexadecimal). ``framing=rtu`` says that a peer on
            TCP passes serial Modbus frames on.

    Raises:
        ConfigError: If the URL does not say what is needed; the message says what to write.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"bus URL {url!r}: {error}; write tcp://host:port") from error
    if parts.scheme not in _OPTIONS:
        raise ConfigError(
            f"bus URL {url!r}: write tcp://host:port, tls://host:port, listen://host:port/ID "
            "or serial:///dev/ttyUSB0?baudrate=2400"
        )
    options = _options(url, parts)
    baudrate = _whole(url, options, "baudrate")
    if parts.scheme != "serial":
        if not parts.hostname or not port:
            raise ConfigError(f"bus URL {url!r}: host or port is missing; write {parts.scheme}://host:port")
        if parts.scheme == "listen":
            return _dial_in_line(url, options, (parts.hostname, port), parts.path.strip("/"), baudrate)
        secured = _secured(url, options, parts.hostname) if parts.scheme == "tls" else None
        return TcpLine(parts.hostname, port, baudrate=baudrate, secured=secured)
    path = parts.netloc + parts.path
    if not path:
        raise ConfigError(f"bus URL {url!r}: the port is missing; write serial:///dev/ttyUSB0?baudrate=2400")
    parity = options.get("parity", "E")
    if parity not in _PARITIES:
        raise ConfigError(f"bus URL {url!r}: parity {parity!r} is none of {', '.join(_PARITIES)}")
    stopbits = _whole(url, options, "stopbits") or 1
    return SerialLine(path, baudrate=baudrate or DEFAULT_BAUDRATE, parity=parity, stopbits=stopbits)


def _dial_in_line(
    url: str, options: dict[str, str], place: tuple[str, int], name: str, baudrate: int | None
) -> DialInLine:
    registration = _hexadecimal(url, options, "registration") or name.encode()
    if not registration:
        raise ConfigError(
            f"bus URL {url!r}: how the terminal registers is missing; write listen://host:port/ID "
            "or ?registration= and the packet in hexadecimal digits"
        )
    heartbeat = _hexadecimal(url, options, "heartbeat")
    return DialInLine(*place, registration, heartbeat=heartbeat, baudrate=baudrate)


def _hexadecimal(url: str, options: dict[str, str], name: str) -> bytes:
    try:
        return bytes.fromhex(options.get(name, ""))
    except ValueError as error:
        raise ConfigError(f"bus URL {url!r}: {name} {options[name]!r} is not hexadecimal") from error


def _options(url: str, parts: SplitResult) -> dict[str, str]:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = set(options) - _OPTIONS[parts.scheme]
    if unknown:
        known = ", ".join(sorted(_OPTIONS[parts.scheme]))
        raise ConfigError(f"bus URL {url!r}: unknown options {sorted(unknown)}; {parts.scheme} knows {known}")
    return options


def _whole(url: str, options: dict[str, str], name: str) -> int | None:
    text = options.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ConfigError(f"bus URL {url!r}: {name} {text!r} is not a whole number above 0")
    return int(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secured:
    """How a connection is encrypted and whom it trusts."""

    context: ssl.SSLContext
    name: str
    """What the peer's certificate must say."""


def _secured(url: str, options: dict[str, str], host: str) -> Secured:
    try:
        context = ssl.create_default_context(cafile=options.get("ca"))
        if "certificate" in options:
            context.load_cert_chain(options["certificate"], options.get("key"))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"bus URL {url!r}: {error}; ca, certificate and key name files in PEM form that we may read"
        ) from error
    return Secured(context=context, name=options.get("name", host))


class TcpLine:
    """A TCP connection that we open, to a serial server, a concentrator or a meter; encrypted if so asked."""

    def __init__(
        self, host: str, port: int, *, baudrate: int | None = None, secured: Secured | None = None
    ) -> None:
        """Name the peer; nothing is opened yet."""
        self._secured = secured
        self._host = host
        self._port = port
        self._name = f"{'tls' if secured else 'tcp'}://{host}:{port}"
        self._transport: asyncio.Transport | None = None
        self._inbox = Inbox()
        self.baudrate = baudrate

    async def open(self) -> None:
        """Connect.

        Raises:
            TransportError: If the peer does not accept within ``CONNECT_TIMEOUT_S``.
        """
        inbox = Inbox()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                secured = self._secured
                transport, _ = await loop.create_connection(
                    lambda: _Connection(inbox, self._name),
                    self._host,
                    self._port,
                    ssl=secured.context if secured else None,
                    server_hostname=secured.name if secured else None,
                )
        except TimeoutError as error:
            raise TransportError(
                f"{self._name}: no connection within {CONNECT_TIMEOUT_S:g} s; check address and route"
            ) from error
        except OSError as error:
            raise TransportError(f"{self._name}: {error}; check that the peer listens there") from error
        _detect_dead_peer(transport.get_extra_info("socket"))
        self._transport, self._inbox = transport, inbox

    def write(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            TransportError: If the connection is down or takes no more.
        """
        self._inbox.check()
        if self._transport is None:
            raise TransportError(f"{self._name}: not open")
        if self._transport.get_write_buffer_size() > INBOX_BYTES:
            raise TransportError(f"{self._name}: the peer takes no more bytes")
        self._transport.write(data)

    def read(self, deadline: float) -> Awaitable[bytes]:
        """Return some bytes; see :meth:`Line.read`."""
        return self._inbox.read(deadline)

    def drain_input(self) -> bytes:
        """Return and forget what came unasked."""
        return self._inbox.drain()

    async def close(self) -> None:
        """Close at once; nothing that is still on its way matters."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None


class _Connection(Receiver):
    """Hands what the event loop receives to the inbox."""

    def __init__(self, inbox: Inbox, name: str) -> None:
        super().__init__(inbox.feed)
        self._inbox = inbox
        self._name = name

    def connection_lost(self, exc: Exception | None) -> None:
        reason = str(exc) if exc is not None else "the peer closed the connection"
        self._inbox.fail(TransportError(f"{self._name}: {reason}"))


def _detect_dead_peer(sock: socket.socket) -> None:
    """Have the system notice a peer that vanished without a word, where it can."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", 30),
        ("TCP_KEEPINTVL", 10),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", UNACKNOWLEDGED_MS),
    ):
        option = getattr(socket, name, None)
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


class SerialLine:
    """A serial port (RS-485 adapter, optical probe), driven by the event loop on its file descriptor."""

    def __init__(self, path: str, *, baudrate: int, parity: str = "E", stopbits: int = 1) -> None:
        """Name the port; nothing is opened yet.

        Args:
            path: Such as ``/dev/ttyUSB0``.
            baudrate: Bits per second.
            parity: ``E`` for DL/T 645 and most Modbus meters; a pseudo-terminal refuses it and wants ``N``.
            stopbits: 1 or 2.
        """
        self._path = path
        self._parity = parity
        self._stopbits = stopbits
        self._port: serial.Serial | None = None
        self._inbox = Inbox()
        self._unsent = bytearray()
        self.baudrate = baudrate

    async def open(self) -> None:
        """Open the port for this process alone.

        Raises:
            TransportError: If the port is away, taken, or refuses its settings.
        """
        try:
            self._port = serial.Serial(
                self._path,
                self.baudrate,
                parity=self._parity,
                stopbits=self._stopbits,
                timeout=0,
                exclusive=True,
            )
        except (OSError, ValueError, termios.error) as error:
            raise TransportError(
                f"{self._path}: {error}; check the port's name, rights and parity {self._parity}"
            ) from error
        self._inbox = Inbox()
        self._unsent.clear()
        asyncio.get_running_loop().add_reader(self._port.fileno(), self._readable)

    def write(self, data: bytes) -> None:
        """Send bytes; what the port does not take at once follows when it can.

        Raises:
            TransportError: If the port is closed or gone.
        """
        self._inbox.check()
        if self._port is None:
            raise TransportError(f"{self._path}: not open")
        if len(self._unsent) + len(data) > INBOX_BYTES:
            raise TransportError(f"{self._path}: the port takes no more bytes")
        self._unsent += data
        self._send()

    def read(self, deadline: float) -> Awaitable[bytes]:
        """Return some bytes; see :meth:`Line.read`."""
        return self._inbox.read(deadline)

    def drain_input(self) -> bytes:
        """Return and forget what came unasked."""
        return self._inbox.drain()

    async def close(self) -> None:
        """Close the port."""
        if self._port is not None:
            self._stop_watching()
            self._port.close()
            self._port = None

    def _readable(self) -> None:
        assert self._port is not None  # noqa: S101  # watched only while open
        try:
            data = os.read(self._port.fileno(), 4096)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(str(error))
            return
        if data:
            self._inbox.feed(data)
        else:
            self._lost("the port was unplugged")

    def _send(self) -> None:
        assert self._port is not None  # noqa: S101  # watched only while open
        loop = asyncio.get_running_loop()
        try:
            sent = os.write(self._port.fileno(), self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._lost(str(error))
            return
        del self._unsent[:sent]
        if self._unsent:
            loop.add_writer(self._port.fileno(), self._send)
        else:
            loop.remove_writer(self._port.fileno())

    def _lost(self, reason: str) -> None:
        self._stop_watching()
        self._inbox.fail(TransportError(f"{self._path}: {reason}"))

    def _stop_watching(self) -> None:
        assert self._port is not None  # noqa: S101  # watched only while open
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._port.fileno())
        loop.remove_writer(self._port.fileno())
