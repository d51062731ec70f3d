"""What a benchmark gives: rows with a value, what it is compared with, and the goal for their ratio."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import process_time
from typing import TypeAlias

from pipeline.plugins import PluginRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchRow:
    """One figure."""

    what: str
    value: float
    """In the unit that ``what`` names; smaller is better."""
    limit: float | None = None
    """What it is compared with, measured in the same run; None where there is nothing to compare with."""
    goal: float | None = None
    """The least ratio; None for a figure that only informs."""

    @property
    def ratio(self) -> float | None:
        """How many times the value goes into the limit."""
        return None if self.limit is None else self.limit / self.value

    @property
    def holds(self) -> bool | None:
        """Tell whether the goal is met; None where there is none."""
        if self.goal is None or self.ratio is None:
            return None
        return self.ratio >= self.goal

    def as_json(self) -> Mapping[str, object]:
        """Return the form that ``--json`` prints."""
        return {
            "what": self.what,
            "value": self.value,
            "limit": self.limit,
            "ratio": self.ratio,
            "goal": self.goal,
            "holds": self.holds,
        }


Benchmark: TypeAlias = Callable[[Callable[[str], None]], Sequence[BenchRow]]
"""Measures, and calls its argument with the name of each step as it begins."""

benchmarks: PluginRegistry[Benchmark] = PluginRegistry("services.benchmarks")
"""Filed by the name that ``kilowatch bench`` takes."""

SizedBenchmark: TypeAlias = Callable[[Callable[[str], None], Sequence[int]], Sequence[BenchRow]]
"""As :data:`Benchmark`, with the numbers of meters to measure."""

growing: PluginRegistry[SizedBenchmark] = PluginRegistry("services.benchmarks")
"""Those of :data:`benchmarks` that take numbers of meters, under the same names."""


def cpu_s(work: Callable[[], object]) -> float:
    """Return the CPU seconds of this process, summed over threads, that ``work`` takes."""
    start_s = process_time()
    work()
    return process_time() - start_s
