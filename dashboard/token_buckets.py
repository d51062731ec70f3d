"""How often each caller may ask: a bucket of tokens each, filled at an even rate."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

MOST_KEYS: Final = 20_000
"""So many callers are remembered; whoever asked longest ago is forgotten first, with a full bucket."""
_ROUNDING_S: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many requests a second in the long run, and so many at once."""

    per_s: float
    burst: int


class TokenBuckets:
    """A bucket for each key, as the generic cell rate algorithm (ITU-T I.371) keeps it: one number each."""

    def __init__(self, rate: Rate, most_keys: int = MOST_KEYS) -> None:
        """Begin with full buckets."""
        self._step_s = 1.0 / rate.per_s
        self._tolerance_s = (rate.burst - 1) * self._step_s
        self._most_keys = most_keys
        self._full_at: OrderedDict[str, float] = OrderedDict()
        """When each bucket will be full again."""
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many callers are remembered."""
        return len(self._full_at)

    def wait_s(self, key: str, now_s: float) -> float:
        """Take a token at ``now_s``, a monotonic time; return 0, or how long to wait if there is none."""
        with self._lock:
            full_at = max(self._full_at.pop(key, now_s), now_s)
            wait_s = full_at - now_s - self._tolerance_s
            if wait_s <= _ROUNDING_S:
                full_at, wait_s = full_at + self._step_s, 0.0
            self._full_at[key] = full_at
            while len(self._full_at) > self._most_keys:
                self._full_at.popitem(last=False)
        return wait_s
