"""An event loop that skips its waits and spends its own work: hours on a slow line take seconds."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from time import process_time
from typing import Any, TypeVar  # Any: a coroutine's send and yield types say nothing

T = TypeVar("T")


class _Skipping(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.skipped_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found:
            self.skipped_s += max(0.0, timeout or 0.0)
        return found


class SkippingLoop(asyncio.SelectorEventLoop):
    """Its time is the waits that were skipped and the CPU seconds that were spent: what a line would see."""

    def __init__(self) -> None:
        """Start at zero."""
        self._skipping = _Skipping()
        self._began_s = process_time()
        super().__init__(self._skipping)

    def time(self) -> float:
        """Return seconds since the beginning."""
        return self._skipping.skipped_s + process_time() - self._began_s


def run_skipping(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine without waiting for anything; it may use no thread and no socket."""
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(main)
