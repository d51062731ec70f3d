"""How long something took each time, counted by size: what a latency histogram shows."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

BOUNDS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds, inclusive; five seconds is where the spool takes over."""


@dataclass(slots=True)
class Durations:
    """Counts of durations; one thread adds, others read."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    """One for each bound, and one for what is longer than all."""
    sum_s: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS_S, seconds)] += 1
        self.sum_s += seconds

    @property
    def up_to(self) -> Mapping[str, int]:
        """How many took at most so long, by the bound as Prometheus writes it; the last is ``+Inf``."""
        bounds = ("+Inf" if math.isinf(bound) else f"{bound:g}" for bound in (*BOUNDS_S, math.inf))
        return dict(zip(bounds, accumulate(self.counts), strict=True))
