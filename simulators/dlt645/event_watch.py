"""Turns conditions on a meter's terminals into events: when each began and ended, to the second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from pipeline.events import EventKind
from pipeline.quantities import Quantity
from simulators.dlt645.conditions import Condition
from simulators.dlt645.events import Event, EventLog
from simulators.dlt645.measuring import Measuring

SECOND = timedelta(seconds=1)
DARK: Final[Condition] = (EventKind.POWER_DOWN, "")
Judge = Callable[[Mapping[Quantity, float]], frozenset[Condition]]


class EventWatch:
    """Writes what begins and ends into the meter's event memory, if it lasts long enough to count."""

    __slots__ = ("_at", "_delay", "_judge", "_lasting", "_log", "_measuring", "_waiting")

    def __init__(self, measuring: Measuring, log: EventLog, judge: Judge, delay: timedelta) -> None:
        """Watch a meter.

        Args:
            measuring: What it measures.
            log: Where events go.
            judge: Tells what is wrong in what it shows.
            delay: How long something must be wrong before it is an event (判定延时); it began when it began.
        """
        self._measuring, self._log, self._judge, self._delay = measuring, log, judge, delay
        self._at: datetime | None = None
        self._lasting: set[Condition] = set()
        self._waiting: dict[Condition, datetime] = {}

    def observe(self, at: datetime, shown: Mapping[Quantity, float], *, is_step: bool) -> None:
        """Compare with the instant before and note what changed between."""
        del is_step
        found = self._judge(shown)
        known = self._lasting | self._waiting.keys()
        if found != known:
            self._end(known - found, at, is_dark=DARK in found)
            self._waiting |= {what: self._edge(what, at, begins=True) for what in sorted(found - known)}
        for what, start in tuple(self._waiting.items()):
            if at - start >= self._delay or what == DARK:
                del self._waiting[what]
                self._lasting.add(what)
                self._add(what, start, None)
        self._at = at

    def forget(self) -> None:
        """Let what lasts begin anew: its record was cleared."""
        self._lasting.clear()
        self._waiting.clear()

    def _end(self, over: set[Condition], at: datetime, *, is_dark: bool) -> None:
        # A meter without power sees nothing: what lasted ends with it.
        dark_from = self._edge(DARK, at, begins=True) if is_dark and over else None
        for what in sorted(over):
            end = dark_from or self._edge(what, at, begins=False)
            start = self._waiting.pop(what, None)
            if start is None:
                self._lasting.discard(what)
                self._log.end(*what, end)
            elif end - start >= self._delay:
                self._add(what, start, end)

    def _add(self, what: Condition, start: datetime, end: datetime | None) -> None:
        kind, phase = what
        self._log.add(Event(kind=kind, phase=phase, starts_at=start, ends_at=end))

    def _edge(self, condition: Condition, at: datetime, *, begins: bool) -> datetime:
        """Return the first second at which a condition is as it is at ``at``."""
        if self._at is None:
            return at
        low, high = self._at, at
        while high - low > SECOND:
            middle = low + (high - low) / 2
            if (condition in self._judge(self._measuring.read(middle))) == begins:
                high = middle
            else:
                low = middle
        return high.replace(microsecond=0) if high != at else at
