"""Who may use a bus next: slots and people's reads take turns, backfill waits for both."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum


class Priority(IntEnum):
    """What a turn is for; lower goes first."""

    LIVE = 0
    ON_DEMAND = 1
    BACKFILL = 2


@dataclass(frozen=True, slots=True)
class _Waiting:
    priority: Priority
    arrival: int
    turn: asyncio.Future[None]


class Turns:
    """Hands out one bus, one user at a time, by priority and then by arrival."""

    def __init__(self) -> None:
        """Start with a free bus."""
        self._taken = False
        self._cycles = 0
        self._favoured = False
        self._waiting: list[_Waiting] = []
        self._arrivals = itertools.count()

    @contextmanager
    def cycle(self) -> Iterator[None]:
        """Keep the bus for live turns, also in the moment between two of them."""
        self._cycles += 1
        try:
            yield
        finally:
            self._cycles -= 1
            self._serve()

    async def take(self, priority: Priority) -> None:
        """Wait for a turn; give it back with :meth:`give_back`."""
        nobody_else = not self._taken and not self._waiting
        if nobody_else and (priority is Priority.LIVE or not self._cycles):
            self._taken, self._favoured = True, False
            return
        loop = asyncio.get_running_loop()
        entry = _Waiting(priority, next(self._arrivals), loop.create_future())
        self._waiting.append(entry)
        self._serve()
        try:
            await entry.turn
        except asyncio.CancelledError:
            if entry in self._waiting:
                self._waiting.remove(entry)
            elif not entry.turn.cancelled():
                self.give_back()  # the turn came together with the cancellation
            raise

    def give_back(self) -> None:
        """End a turn; the next in line has it at once."""
        self._taken = False
        self._serve()

    def _serve(self) -> None:
        self._waiting = [entry for entry in self._waiting if not entry.turn.done()]
        entry = None if self._taken else self._next()
        if entry is not None:
            self._taken = True
            self._favoured = self._cycles > 0 and entry.priority is not Priority.LIVE
            self._waiting.remove(entry)
            entry.turn.set_result(None)

    def _next(self) -> _Waiting | None:
        first = min(self._waiting, key=lambda entry: (entry.priority, entry.arrival), default=None)
        if first is None or not self._cycles:
            return first
        person = None if self._favoured else self._person()
        if person is not None:
            return person
        return first if first.priority is Priority.LIVE else None

    def _person(self) -> _Waiting | None:
        """Return the oldest person's read: during a slot it waits for one turn, never two go in a row."""
        people = (entry for entry in self._waiting if entry.priority is Priority.ON_DEMAND)
        return min(people, key=lambda entry: entry.arrival, default=None)
