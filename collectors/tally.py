"""Counts what the exchanges on one bus came to, and how long they took."""

from __future__ import annotations

import math
from collections import Counter

from collectors.counters import BusCounters
from collectors.exchange import Outcome
from protocols.session import Answer, DropReason


class Tally:
    """What one bus has done since it was started; times are the event loop's."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._totals: Counter[str] = Counter()
        self._dropped: Counter[DropReason] = Counter()
        self._busy_s = 0.0
        self._first_at = math.inf
        self._last_at = -math.inf

    def spend(self, began_at: float, ended_at: float) -> None:
        """Add the time of one exchange, however it ended."""
        self._first_at = min(self._first_at, began_at)
        self._last_at = ended_at
        self._busy_s += ended_at - began_at

    def count(self, outcome: Outcome) -> None:
        """Add what became of one question."""
        self._totals.update(exchanges=1, retries=max(0, outcome.attempts - 1))
        self._dropped.update(outcome.dropped)
        if outcome.event is not None:
            self._totals["answered" if isinstance(outcome.event, Answer) else "refused"] += 1

    def counters(self, bus: str, *, opened: int, silent: int, owned: bool = False) -> BusCounters:
        """Return it all; the line was opened so often, so many meters are silent, the bus is ours or not."""
        return BusCounters(
            bus=bus,
            dropped=dict(self._dropped),
            opened=opened,
            busy_s=self._busy_s,
            watched_s=max(0.0, self._last_at - self._first_at),
            silent=silent,
            owned=owned,
            exchanges=self._totals["exchanges"],
            answered=self._totals["answered"],
            refused=self._totals["refused"],
            retries=self._totals["retries"],
        )
