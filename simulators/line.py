"""A multi-drop line on TCP: every byte reaches every meter, and a share of the answers comes back damaged."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Protocol, cast

ECHO_KEPT = 512
"""How many bytes of a request are kept for an echo."""
SPLIT_PAUSE_S = 0.004
"""Silence between the two parts of a split answer: enough to arrive as two chunks."""
NOISE_BYTES = (1, 8)


class Slave(Protocol):
    """A simulated meter on the wire."""

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the line and return the answer; empty while there is nothing to say."""
        ...


class FaultKind(StrEnum):
    """What a line can do to an answer."""

    DROP = "drop"
    """The answer is lost."""
    CORRUPT = "corrupt"
    """One bit of it is flipped."""
    TRUNCATE = "truncate"
    """Its end is lost."""
    NOISE = "noise"
    """Random bytes come before it."""
    SPLIT = "split"
    """It arrives in two chunks."""
    ECHO = "echo"
    """The request comes back before it, as two-wire adapters do."""
    DELAY = "delay"
    """It comes late, perhaps after the collector has given up."""
    HANG_UP = "hang_up"
    """The connection closes instead."""
    DUPLICATE = "duplicate"
    """It arrives twice: the second one may be taken for the answer to the next question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFaults:
    """The share of exchanges, 0 to 1, that each fault hits; one exchange meets at most one fault."""

    drop: float = 0.0
    corrupt: float = 0.0
    truncate: float = 0.0
    noise: float = 0.0
    split: float = 0.0
    echo: float = 0.0
    delay: float = 0.0
    hang_up: float = 0.0
    duplicate: float = 0.0
    delay_s: float = 0.5
    """How late a delayed answer comes."""

    def __post_init__(self) -> None:
        """Refuse shares that are no shares."""
        for entry in fields(self):
            value = getattr(self, entry.name)
            if value < 0 or (entry.name != "delay_s" and value > 1):
                raise ValueError(f"line fault {entry.name} must be a share of 0 to 1, not {value}")
        if self.share > 1:
            raise ValueError(f"the shares of the line faults add up to {self.share:g}, more than 1")

    @property
    def share(self) -> float:
        """The share of exchanges that any fault hits."""
        return float(sum(getattr(self, kind.value) for kind in FaultKind))


NO_FAULTS = LineFaults()


@dataclass(slots=True)
class LineStats:
    """What happened on a line so far."""

    exchanges: int = 0
    """Answers that meters gave, whatever became of them."""
    faults: Counter[FaultKind] = field(default_factory=Counter)

    @property
    def fault_share(self) -> float:
        """The share of exchanges that a fault hit; 0 before the first one."""
        return self.faults.total() / self.exchanges if self.exchanges else 0.0


class FaultMachine:
    """Decides what becomes of each answer; the same seed decides alike."""

    def __init__(self, faults: LineFaults, seed: int) -> None:
        """Lay the shares of the faults end to end on the line from 0 to 1."""
        self.faults = faults
        self.stats = LineStats()
        self._random = random.Random(seed)  # noqa: S311 - faults are planted, not secret
        self._limits: list[tuple[float, FaultKind]] = []
        limit = 0.0
        for kind in FaultKind:
            share = getattr(faults, kind.value)
            if share:
                limit += share
                self._limits.append((limit, kind))

    def next_fault(self) -> FaultKind | None:
        """Count an exchange and say which fault hits it, if any."""
        self.stats.exchanges += 1
        drawn = self._random.random()
        for limit, kind in self._limits:
            if drawn < limit:
                self.stats.faults[kind] += 1
                return kind
        return None

    def damage(self, kind: FaultKind, request: bytes, answer: bytes) -> tuple[bytes, ...]:
        """Return the chunks that arrive of an answer; none when it is lost."""
        at = self._random.randrange(1, len(answer)) if len(answer) > 1 else 0
        if kind in {FaultKind.DROP, FaultKind.HANG_UP}:
            return ()
        if kind is FaultKind.SPLIT:
            return answer[:at], answer[at:]
        if kind is FaultKind.DUPLICATE:
            return answer, answer
        return (self._damaged(kind, request, answer, at),)

    def _damaged(self, kind: FaultKind, request: bytes, answer: bytes, at: int) -> bytes:
        match kind:
            case FaultKind.CORRUPT:
                flipped = answer[at] ^ 1 << self._random.randrange(8)
                return answer[:at] + bytes([flipped]) + answer[at + 1 :]
            case FaultKind.TRUNCATE:
                return answer[:at]
            case FaultKind.NOISE:
                return self._random.randbytes(self._random.randint(*NOISE_BYTES)) + answer
            case FaultKind.ECHO:
                return request + answer
            case _:
                return answer


class LineServer:
    """A line that listens on TCP. Collectors may come, go and come again."""

    def __init__(self, slaves: Sequence[Slave], machine: FaultMachine) -> None:
        """Join slaves to a line; :func:`serve_line` opens it."""
        self.slaves = slaves
        self.machine = machine
        self.host = ""
        self.port = 0
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

    @property
    def stats(self) -> LineStats:
        """What happened so far."""
        return self.machine.stats

    async def open(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one, which :attr:`port` then tells."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), host, port)
        self.host, self.port = self._server.sockets[0].getsockname()[:2]

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        if self._server is None:
            return
        self._server.close()
        for connection in tuple(self._connections):
            connection.abort()
        await self._server.wait_closed()
        self._server = None

    def joined(self, connection: _Connection) -> None:
        """Remember a connection, to cut it on close."""
        self._connections.add(connection)

    def left(self, connection: _Connection) -> None:
        """Forget a connection."""
        self._connections.discard(connection)


class _Connection(asyncio.Protocol):
    """One collector on the line."""

    def __init__(self, line: LineServer) -> None:
        self._line = line
        self._request = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._line.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = None
        self._line.left(self)

    def data_received(self, data: bytes) -> None:
        self._request = (self._request + data)[-ECHO_KEPT:]
        # Every meter hears every byte, also those behind the one that answers: its framer must stay in step.
        answers = [answer for answer in [slave.receive(data) for slave in self._line.slaves] if answer]
        for answer in answers:
            self._answer(answer)
        if answers:
            self._request = b""

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _answer(self, answer: bytes) -> None:
        machine = self._line.machine
        kind = machine.next_fault()
        if kind is None:
            self._write(answer)
            return
        chunks = machine.damage(kind, self._request, answer)
        pause_s = machine.faults.delay_s if kind is FaultKind.DELAY else 0.0
        for number, chunk in enumerate(chunks):
            self._write_after(pause_s + number * SPLIT_PAUSE_S, chunk)
        if kind is FaultKind.HANG_UP and self._transport is not None:
            self._transport.close()

    def _write_after(self, pause_s: float, chunk: bytes) -> None:
        if pause_s:
            asyncio.get_running_loop().call_later(pause_s, self._write, chunk)
        else:
            self._write(chunk)

    def _write(self, chunk: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(chunk)


async def serve_line(
    slaves: Sequence[Slave], *, host: str, port: int = 0, faults: LineFaults = NO_FAULTS, seed: int = 0
) -> LineServer:
    """Open a line with ``slaves`` on it and return it, listening."""
    line = LineServer(slaves, FaultMachine(faults, seed))
    await line.open(host, port)
    return line
