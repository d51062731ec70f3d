"""A toy protocol, a line in memory and a loop with simulated time: what the collectors' tests stand on.

Question ``?07V`` + newline: meter 07, block V. Answer ``!07V230.0*`` + two hex digits of the sum + newline;
refusal ``E07V`` + newline.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias, TypeVar

from collectors.inbox import Inbox
from pipeline.errors import MeterRefusedError, TransportError
from pipeline.model import Origin
from pipeline.quantities import Quantity
from protocols.session import (
    NEED_DATA,
    Answer,
    Dropped,
    DropReason,
    Event,
    NeedData,
    Query,
    Record,
    Refused,
)

T = TypeVar("T")

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

BLOCKS: Mapping[str, Quantity] = {
    "V": Quantity.VOLTAGE_A,
    "C": Quantity.CURRENT_A,
    "E": Quantity.ACTIVE_ENERGY_IMPORT,
}
"""Block P holds V and C together; a meter may refuse it. Block L is one stored record."""


class _SimulatedSelector(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.time = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events:
            assert timeout is not None, "nothing will ever happen in this test again"
            self.time += max(0.0, timeout)
        return events


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop in which waiting takes no time."""

    def __init__(self) -> None:
        self._simulated = _SimulatedSelector()
        super().__init__(self._simulated)

    def time(self) -> float:
        return self._simulated.time


def run_simulated(main: Coroutine[Any, Any, T]) -> T:  # Any: a coroutine's send and yield types say nothing
    """Run a test's coroutine in simulated time."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(main)


def simulated_now() -> datetime:
    """Return the simulated wall clock: START plus the loop's time."""
    return START + timedelta(seconds=asyncio.get_running_loop().time())


def answer(address: str, block: str, *values: float) -> bytes:
    body = f"!{address}{block}{','.join(map(str, values))}".encode()
    return body + f"*{sum(body) % 256:02X}\n".encode()


class ToySession:
    """Bytes in, events out, for one toy meter."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._open: Query | None = None
        self._buffer = bytearray()

    def ask(self, query: Query) -> bytes:
        self._open = query
        self._buffer.clear()
        return b"?" + self._address.encode() + query.body + b"\n"

    def receive_data(self, data: bytes) -> None:
        self._buffer += data

    def next_event(self) -> Event | Literal[NeedData.NEED_DATA]:
        line, newline, rest = self._buffer.partition(b"\n")
        if not newline:
            return NEED_DATA
        self._buffer = bytearray(rest)
        return self._understand(bytes(line))

    def _understand(self, line: bytes) -> Event:
        query = self._open
        kind, address, block = line[:1], line[1:3].decode("latin-1"), line[3:4]
        if kind not in {b"!", b"E"}:
            return Dropped(reason=DropReason.ECHO if kind == b"?" else DropReason.NOISE, raw=line)
        if address != self._address:
            return Dropped(reason=DropReason.FOREIGN_ADDRESS, raw=line, address=address)
        if query is None or block != query.body[:1]:
            return Dropped(reason=DropReason.LATE, raw=line)
        if kind == b"E":
            code = int(line[4:5] or b"2")
            error = MeterRefusedError(query.what, code, (), lasting=code == 2)
            return Refused(query=query, raw=line, error=error)
        body, _, check = line.partition(b"*")
        if f"{sum(body) % 256:02X}".encode() != check:
            return Dropped(reason=DropReason.CHECKSUM, raw=line)
        self._open = None
        return toy_answer(query, line, [float(text) for text in body[4:].split(b",")])


def toy_answer(query: Query, raw: bytes, values: Sequence[float]) -> Answer:
    if query.what.startswith("L"):
        taken_at = START - timedelta(hours=int(query.what[1:]))
        record = Record(
            taken_at=taken_at,
            origin=Origin.LOAD_RECORD,
            values={Quantity.ACTIVE_ENERGY_IMPORT: values[0]},
        )
        return Answer(query=query, raw=raw, records=(record,))
    quantities = [BLOCKS[what] for what in ("VC" if query.what == "P" else query.what)]
    return Answer(query=query, raw=raw, values=dict(zip(quantities, values, strict=True)))


class ToyDriver:
    """Plans block P for voltage and current together, and V and C alone where P is refused."""

    def __init__(self, blocks: Sequence[str] = ("P", "E")) -> None:
        self._blocks = blocks

    def session(self, address: str) -> ToySession:
        return ToySession(address)

    def plan(self, wanted: Collection[Quantity], refused: Collection[str] = ()) -> Sequence[Query]:  # noqa: ARG002 - the shape of every driver
        blocks = [b for block in self._blocks for b in ("VC" if block in refused and block == "P" else block)]
        return [toy_query(block) for block in blocks if block not in refused]

    def backfill_plan(
        self, starts_at: datetime, ends_at: datetime, refused: Collection[str] = ()
    ) -> Sequence[Query]:
        hours = range(
            int((START - ends_at) / timedelta(hours=1)), int((START - starts_at) / timedelta(hours=1))
        )
        queries = [toy_query(f"L{hour + 1}") for hour in reversed(hours)]
        return [query for query in queries if query.what not in refused]


def toy_query(what: str) -> Query:
    return Query(what=what, body=what.encode(), answer_bytes=20)


VALUES = {"P": (230.0, 5.0), "V": (230.0,), "C": (5.0,), "E": (1234.5,), "L": (1000.0,)}

Reply: TypeAlias = Sequence[tuple[float, bytes]]
"""What comes back for a question: seconds later, these bytes."""


def toy_reply(question: bytes, delay_s: float = 0.1) -> Reply:
    """Answer as a healthy meter does."""
    address, block = question[1:3].decode(), question[3:4].decode()
    return [(delay_s, answer(address, block, *VALUES[block]))]


Respond: TypeAlias = Callable[[bytes], Reply]


class MemoryLine:
    """A line whose far end is a function."""

    baudrate: int | None = None

    def __init__(self, respond: Respond = toy_reply) -> None:
        self.respond = respond
        self.questions: list[tuple[float, bytes]] = []
        self.away = False
        self.opened = 0
        self.closed = 0
        self._inbox = Inbox()

    async def open(self) -> None:
        if self.away:
            raise TransportError("memory: nobody is there")
        self.opened += 1
        self._inbox = Inbox()

    def write(self, data: bytes) -> None:
        self._inbox.check()
        loop = asyncio.get_running_loop()
        self.questions.append((loop.time(), data))
        for delay_s, reply in self.respond(data):
            loop.call_later(delay_s, self._inbox.feed, reply)

    async def read(self, deadline: float) -> bytes:
        return await self._inbox.read(deadline)

    def drain_input(self) -> bytes:
        return self._inbox.drain()

    async def close(self) -> None:
        self.closed += 1

    def cut(self) -> None:
        self._inbox.fail(TransportError("memory: cut"))

    @property
    def asked(self) -> list[str]:
        """The questions so far, such as ``07V``."""
        return [question[1:-1].decode() for _, question in self.questions]
