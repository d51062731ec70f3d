"""Turns conditions on a meter's terminals into events: when each began and ended, to the second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from pipeline.events import EventKind
from pipeline.quantities import Quantity
from simulators.dlt645.conditions import Condition
from simulators.dlt645.events import Event, EventLog
from simulators.dlt645.measuring import Measuring

SECOND = timedelta(seconds=1)
Judge = Callable[[Mapping[Quantity, float]], frozenset[Condition]]


class EventWatch:
    """Writes what begins and ends into the meter's event memory."""

    __slots__ = ("_at", "_judge", "_lasting", "_log", "_measuring")

    def __init__(self, measuring: Measuring, log: EventLog, judge: Judge) -> None:
        """Watch a meter; ``judge`` tells what is wrong in what it shows."""
        self._measuring, self._log, self._judge = measuring, log, judge
        self._at: datetime | None = None
        self._lasting: frozenset[Condition] = frozenset()

    def observe(self, at: datetime, shown: Mapping[Quantity, float], *, is_step: bool) -> None:
        """Compare with the instant before and note what changed between."""
        del is_step
        found = self._judge(shown)
        if found != self._lasting:
            self._note(found, at)
            self._lasting = found
        self._at = at

    def forget(self) -> None:
        """Let what lasts begin anew: its record was cleared."""
        self._lasting = frozenset()

    def _note(self, found: frozenset[Condition], at: datetime) -> None:
        began, ended = found - self._lasting, self._lasting - found
        is_dark = (EventKind.POWER_DOWN, "") in found
        for kind, phase in sorted(ended):
            # A meter without power sees nothing: what lasted ends with it.
            self._log.end(kind, phase, self._edge((kind, phase), at, begins=False) if not is_dark else at)
        for kind, phase in sorted(began):
            start = self._edge((kind, phase), at, begins=True)
            self._log.add(Event(kind=kind, phase=phase, starts_at=start, ends_at=None))

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
