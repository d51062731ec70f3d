"""A multi-drop line in memory on which each byte takes its time and each meter its own delay."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from collectors.exchange import BITS_PER_BYTE
from collectors.inbox import Inbox
from simulators.line import FaultMachine, Slave

CHUNK_BYTES = 8
"""How many bytes an adapter gathers before it hands them over."""


class SlowLine:
    """Implements ``collectors.transports.Line``: what is written reaches every slave, and one answers."""

    def __init__(
        self, slaves: Sequence[Slave], *, baudrate: int, delay_s: float, damage: FaultMachine | None = None
    ) -> None:
        """Join slaves to a line.

        Args:
            slaves: The meters.
            baudrate: Bits per second, eleven of them a byte.
            delay_s: How long a meter thinks before its answer (DL/T 645-2007 clause 5.3: 20 to 500 ms).
            damage: What becomes of answers; None for a clean line.
        """
        self.baudrate = baudrate
        self.least_s = 0.0
        """What the bytes so far and the meters' delays take at least: no master can be faster."""
        self._slaves = slaves
        self._delay_s = delay_s
        self._damage = damage
        self._inbox = Inbox()

    async def open(self) -> None:
        """Open the line: it always is."""

    def write(self, data: bytes) -> None:
        """Send a question; the answer comes when its bytes have passed, the meter has thought, and so on."""
        answer = next((found for found in [slave.receive(data) for slave in self._slaves] if found), b"")
        asked_s = self._on_wire_s(len(data))
        self.least_s += asked_s
        if answer and self._damage is not None and (kind := self._damage.next_fault()) is not None:
            answer = b"".join(self._damage.damage(kind, data, answer))
        if not answer:
            return
        self.least_s += self._delay_s + self._on_wire_s(len(answer))
        loop = asyncio.get_running_loop()
        begins_at = loop.time() + asked_s + self._delay_s
        for start in range(0, len(answer), CHUNK_BYTES):
            chunk = answer[start : start + CHUNK_BYTES]
            loop.call_at(begins_at + self._on_wire_s(start + len(chunk)), self._inbox.feed, chunk)

    async def read(self, deadline: float) -> bytes:
        """Return some bytes; see ``collectors.transports.Line.read``."""
        return await self._inbox.read(deadline)

    def drain_input(self) -> bytes:
        """Return and forget what came unasked."""
        return self._inbox.drain()

    async def close(self) -> None:
        """Close the line."""

    def _on_wire_s(self, count: int) -> float:
        return count * BITS_PER_BYTE / self.baudrate
