"""One question to one meter and what came of it: the only place that waits, times out and retries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias

from collectors.transports import Line
from pipeline.coverage import Cause
from pipeline.errors import TransportError
from protocols.session import NEED_DATA, Answer, Dropped, DropReason, Query, Refused, Session

Clock: TypeAlias = Callable[[], datetime]
"""Returns the present time, aware."""

BITS_PER_BYTE = 11
"""DL/T 645-2007 clause 5.1: start, eight data bits, parity, stop."""
QUIET_S = 0.03
"""Silence that says a damaged answer is over, where the meter needs no more."""
WRONG_SEQUENCE = "numbers following frames otherwise than they were asked for"
FOREIGN_KEPT = 8
RAW_KEPT = 512
"""How many of the newest bytes an outcome keeps for logs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long to wait on one bus and how often to ask again."""

    timeout_s: float = 1.0
    """The meter's own delay, before the time its bytes need on the wire."""
    retries: int = 2
    baudrate: int | None = None
    first_byte_s: float | None = None
    """Give up earlier when not even a first byte came; None waits for the whole time."""
    quiet_s: float = QUIET_S
    """After an attempt that ended amid bytes, wait for this much silence before asking again."""
    linger: bool = False
    """For protocols whose answers do not name their question (Modbus RTU): after a question that had to be
    repeated, wait one more time-out for an answer that may still come, lest the next one gets it."""

    def wait_s(self, question: bytes, query: Query) -> float:
        """Return how long one attempt may take: the meter's delay and the bytes' time on the wire."""
        if self.baudrate is None:
            return self.timeout_s
        return self.timeout_s + (len(question) + query.answer_bytes) * BITS_PER_BYTE / self.baudrate


class Outcome(NamedTuple):
    """What became of one question; as light as :class:`protocols.session.Answer`."""

    event: Answer | Refused | None
    cause: Cause | None
    """Why there is no answer; None when there is one. A refusal has ``REFUSED``."""
    attempts: int
    """Times the question was sent."""
    dropped: Mapping[DropReason, int]
    """Bytes that were not the answer, counted by reason."""
    sent_at: datetime
    """When the last attempt, the one that was answered, was sent."""
    answered_at: datetime | None
    first_byte_s: float | None
    """From sending to the answer's first byte; None when there is no answer."""
    raw: bytes
    """What came last on the line, at most ``RAW_KEPT`` bytes; as many zeros for a question with a secret."""
    failure: str = ""
    """What the line said when it broke."""
    foreign: Sequence[tuple[str, bytes]] = ()
    """Answers of other addresses that were heard meanwhile, at most ``FOREIGN_KEPT``."""
    asked: bytes = b""
    """The question as it was sent last; as many zeros for one with a secret."""


def unasked(cause: Cause, failure: str, at: datetime) -> Outcome:
    """Return what came of a question that was not even sent."""
    return Outcome(
        event=None,
        cause=cause,
        attempts=0,
        dropped={},
        sent_at=at,
        answered_at=None,
        first_byte_s=None,
        raw=b"",
        failure=failure,
    )


async def exchange(line: Line, session: Session, query: Query, timing: Timing, *, now: Clock) -> Outcome:
    """Ask one question until it is answered, refused, or the attempts are used up.

    A question that nobody answers (``answer_bytes`` 0) is sent once; its outcome has neither event nor cause.
    Each attempt ends at a fixed time, so that a babbling line cannot hold the bus. A line that breaks gives
    an outcome with cause ``LINK``; nothing is raised for what a line or a meter does.

    Args:
        line: An open line that nobody else uses now.
        session: The meter's conversation.
        query: What to ask.
        timing: How long and how often.
        now: The server's clock.
    """
    hearing = _Hearing(line, session)
    event: Answer | Refused | None = None
    attempts, sent_at, failure, wait_s, question = 0, None, "", 0.0, b""
    try:
        while event is None and attempts <= timing.retries:
            if attempts:
                await hearing.wait_for_quiet(timing)
            hearing.drop_late()
            question = session.ask(query)
            sent_at = now()
            line.write(question)
            attempts += 1
            if not query.answer_bytes:
                await hearing.let_out(question, timing)
                break
            wait_s = timing.wait_s(question, query)
            event = await hearing.listen(wait_s, timing.first_byte_s)
    except TransportError as error:
        failure = str(error)
    answered = event is not None
    outcome = Outcome(  # by position: eleven keywords take as long again (decision 0090)
        event,
        None if isinstance(event, Answer) else _cause(query, event, hearing.dropped, failure),
        attempts,
        hearing.dropped,
        sent_at or now(),
        now() if answered else None,
        hearing.first_byte_s if answered else None,
        bytes(len(hearing.raw)) if query.is_secret else hearing.raw,
        failure or _oddity(event, hearing.dropped),
        hearing.foreign,
        bytes(len(question)) if query.is_secret else question,
    )
    if timing.linger and not failure and timing.first_byte_s is None:
        unsure = bool(query.answer_bytes) and (event is None or attempts > 1)
        if unsure:
            await hearing.linger(2 * wait_s, timing.quiet_s)
    return outcome


async def overhear(line: Line, question: bytes, wait_s: float, quiet_s: float) -> bytes:
    """Send a question that any number of meters may answer, and return every byte that comes.

    Args:
        line: An open line that nobody else uses now.
        question: The bytes to send.
        wait_s: How long an answer may take to begin.
        quiet_s: After that, so much silence says that nobody speaks any more.

    Raises:
        TransportError: If the line breaks.
    """
    loop = asyncio.get_running_loop()
    line.drain_input()
    line.write(question)
    until = loop.time() + wait_s
    latest = until + wait_s + quiet_s  # a babbling line must not hold us
    heard = bytearray()
    while loop.time() < min(until, latest):
        try:
            heard += await line.read(min(until, latest))
        except TimeoutError:
            break
        # Another may answer as late as the first one could have.
        until = max(until, loop.time() + quiet_s)
    return bytes(heard)


def _cause(
    query: Query, refused: Refused | None, dropped: Mapping[DropReason, int], failure: str
) -> Cause | None:
    """Return why there is no answer."""
    if refused is not None:
        return Cause.REFUSED
    if failure:
        return Cause.LINK
    if not query.answer_bytes:
        return None
    if dropped.get(DropReason.CHECKSUM) or dropped.get(DropReason.MALFORMED):
        return Cause.CHECKSUM
    return Cause.NO_ANSWER


def _oddity(event: Answer | Refused | None, dropped: Mapping[DropReason, int]) -> str:
    """Return in words what an answer that was not taken had of its own; empty for none."""
    return WRONG_SEQUENCE if event is None and dropped.get(DropReason.SEQUENCE) else ""


class _Hearing:
    """What is heard on the line during one exchange."""

    __slots__ = (
        "_heard_at",
        "_line",
        "_loop",
        "_sent",
        "_session",
        "dropped",
        "first_byte_s",
        "foreign",
        "raw",
    )

    def __init__(self, line: Line, session: Session) -> None:
        self._line = line
        self._session = session
        self._loop = asyncio.get_running_loop()
        self._sent = 0.0
        self._heard_at: float | None = None
        self.first_byte_s: float | None = None
        self.dropped: dict[DropReason, int] = {}
        self.foreign: Sequence[tuple[str, bytes]] = ()
        self.raw = b""

    async def listen(self, wait_s: float, first_byte_s: float | None) -> Answer | Refused | None:
        """Feed the session what comes after a question, until the answer is there or the time is over."""
        self._sent = sent = self._loop.time()
        self._heard_at = self.first_byte_s = None
        deadline = sent + wait_s
        until = deadline if first_byte_s is None else min(deadline, sent + first_byte_s)
        session = self._session
        while True:
            try:
                data = await self._line.read(until)
            except TimeoutError:
                return None
            self._note(data)
            session.receive_data(data)
            while (event := session.next_event()) is not NEED_DATA:
                if not isinstance(event, Dropped):
                    return event
                self._drop(event.reason)
                if event.address and len(self.foreign) < FOREIGN_KEPT:
                    self.foreign = (*self.foreign, (event.address, event.raw))
                if event.reason is DropReason.ECHO:
                    self.first_byte_s = None  # our own bytes say nothing about the meter
            if self.first_byte_s is not None:
                until = deadline
            if self._loop.time() >= until:
                return None

    def _note(self, data: bytes) -> None:
        self._heard_at = heard_at = self._loop.time()
        if self.first_byte_s is None:
            self.first_byte_s = heard_at - self._sent
        self.raw = (self.raw + data)[-RAW_KEPT:]

    def _drop(self, reason: DropReason) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + 1

    async def _hears(self, until: float) -> bool:
        """Wait for bytes that are no answer any more; tell whether some came."""
        try:
            self._note(await self._line.read(until))
        except TimeoutError:
            return False
        return True

    async def let_out(self, question: bytes, timing: Timing) -> None:
        """Wait until a question that nobody answers has left the line."""
        self.first_byte_s = None
        if timing.baudrate is not None:
            await asyncio.sleep(len(question) * BITS_PER_BYTE / timing.baudrate)

    def drop_late(self) -> None:
        """Forget what came while nobody had asked: the answer to an older question, or noise."""
        if self._line.drain_input():
            self._drop(DropReason.LATE)

    async def wait_for_quiet(self, timing: Timing) -> None:
        """Let a frame that is still coming run out, but not longer than one time-out."""
        limit = self._loop.time() + timing.timeout_s
        while self._heard_at is not None:
            quiet_at = self._heard_at + timing.quiet_s
            if self._loop.time() >= limit or self._loop.time() >= quiet_at:
                return
            await self._hears(min(quiet_at, limit))

    async def linger(self, wait_s: float, quiet_s: float) -> None:
        """Wait until the late answer of an earlier attempt has come, or could not come any more."""
        until = deadline = self._sent + wait_s
        try:
            while self._loop.time() < until and await self._hears(until):
                self._drop(DropReason.LATE)
                until = min(deadline, self._loop.time() + quiet_s)
        except TransportError:
            return  # the next exchange meets the broken line and says so
