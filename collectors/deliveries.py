"""Messages between the broker's thread and the one that stores them: bounded, in batches."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

IDLE_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One MQTT message as it came."""

    topic: str
    payload: bytes
    received_at: datetime
    retained: bool = False
    """The broker kept it from before we subscribed: nobody knows since when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message with what it takes to acknowledge it."""

    message: Message
    mid: int
    qos: int
    connection: int
    """The number of the connection it came on: packet identifiers mean nothing on another one."""


class Deliveries:
    """A bounded queue with one reader."""

    def __init__(self, capacity: int) -> None:
        """Hold at most ``capacity`` messages."""
        self._capacity = capacity
        self._queue: deque[Delivery] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._wake_at = 0

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._queue)

    @property
    def oldest_at(self) -> datetime | None:
        """When the message that waits longest was received; None if none waits."""
        with self._changed:
            return self._queue[0].message.received_at if self._queue else None

    def put(self, delivery: Delivery) -> bool:
        """Add a message, waiting for room; False once closed or, at QoS 0, when there is no room.

        Waiting holds up the broker's thread, which is the back-pressure of last resort: with the receive
        maximum below the capacity a sound broker never gets here.
        """
        with self._changed:
            if delivery.qos == 0 and len(self._queue) >= self._capacity:
                return False
            self._changed.wait_for(lambda: self._closed or len(self._queue) < self._capacity)
            if self._closed:
                return False
            self._queue.append(delivery)
            # Waking the reader for every message would cost more than the message.
            if len(self._queue) in (1, self._wake_at):
                self._changed.notify_all()
            return True

    def take(self, most: int, wait_s: float, idle_s: float = IDLE_S) -> list[Delivery]:
        """Return a batch; empty once closed.

        It goes when ``most`` have come, ``wait_s`` after the first, or when nothing came for ``idle_s``: a
        broker that allows fewer messages under way than a batch holds sends no more before it goes.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._queue)
            self._wake_at = most
            deadline_s = monotonic() + wait_s
            held = 0
            while not self._closed and held < len(self._queue) < most:
                held = len(self._queue)
                left_s = deadline_s - monotonic()
                if left_s <= 0:
                    break
                self._changed.wait(min(idle_s, left_s))
            if self._closed:
                return []
            batch = [self._queue.popleft() for _ in range(min(most, len(self._queue)))]
            self._changed.notify_all()
            return batch

    def forget_acknowledgeable(self) -> int:
        """Drop what the broker still holds and will deliver again; return how many that were."""
        with self._changed:
            before = len(self._queue)
            self._queue = deque(delivery for delivery in self._queue if delivery.qos == 0)
            self._changed.notify_all()
            return before - len(self._queue)

    def close(self) -> None:
        """Wake everyone; what waits is left to the broker."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
