"""Goes once through a meter's past in quarters of an hour, for whatever must be worked out from all of it.

A meter does this all the time; a simulated one only when it is asked for something that depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeAlias

from pipeline.quantities import Quantity
from simulators.dlt645.measuring import Measuring
from simulators.dlt645.steps import STEP, floored

REACH: Final = timedelta(days=62)
"""How far back the meter looks when it is asked for the first time."""


Marks: TypeAlias = Callable[[datetime, datetime], Iterable[datetime]]
"""From start and end to the moments between that must be seen."""


class Observer(Protocol):
    """Takes what the meter shows, instant by instant."""

    def observe(self, at: datetime, shown: Mapping[Quantity, float], *, is_step: bool) -> None:
        """Take what was shown at a true time.

        Args:
            at: Later than the time before.
            shown: Empty while the meter had no power.
            is_step: It is a full quarter of an hour, not a moment between.
        """
        ...


class History:
    """Feeds observers up to the present."""

    __slots__ = ("_at", "_marks", "_measuring", "_observers", "_since")

    def __init__(
        self, measuring: Measuring, since: datetime, observers: Sequence[Observer], marks: Marks | None = None
    ) -> None:
        """Begin at ``since``; ``marks`` tells which moments beside the steps must be seen."""
        self._measuring, self._since, self._observers = measuring, since, observers
        self._marks = marks
        self._at: datetime | None = None

    def advance(self, now: datetime) -> None:
        """Let the observers see everything up to a true time."""
        if self._at is None:
            self._at = floored(max(self._since, now - REACH), STEP) - STEP
        between = self._changes(self._at, now)
        step = floored(self._at, STEP) + STEP
        while step <= now:
            while between and between[-1] < step:
                self._see(between.pop(), is_step=False)
            self._see(step, is_step=True)
            step += STEP
        for at in [*reversed(between), now]:
            self._see(at, is_step=False)

    def _see(self, at: datetime, *, is_step: bool) -> None:
        if self._at is not None and at > self._at:
            self._at = at
            shown = self._measuring.read(at)
            for observer in self._observers:
                observer.observe(at, shown, is_step=is_step)

    def _changes(self, start: datetime, end: datetime) -> list[datetime]:
        """Return the model's changes and what else must be seen, latest first."""
        marks = () if self._marks is None else self._marks(start, end)
        return sorted({*self._measuring.changes(start, end), *marks}, reverse=True)
