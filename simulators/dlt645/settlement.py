"""When a meter settles (结算日): up to three days of the month, each with an hour, as its parameters say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from simulators.dlt645.clock import MeterClock
from simulators.dlt645.parameters import Parameters

DAYS: Final = ("04000B01", "04000B02", "04000B03")
LAST_DAY: Final = 28
"""Later days do not exist in every month; 99 is unset."""
HOURS: Final = 24
MONTHS: Final = 12


class SettlementDays:
    """Tells the instants at which registers are kept as those of the last settlement days."""

    __slots__ = ("_clock", "_parameters")

    def __init__(self, parameters: Parameters, clock: MeterClock) -> None:
        """Read the days from a meter's parameters."""
        self._parameters, self._clock = parameters, clock

    def before(self, instant: datetime, count: int = MONTHS) -> Sequence[datetime]:
        """Return the last ``count`` settlement instants up to ``instant``, newest first, as true times."""
        local = (instant + self._clock.offset_at(instant)).astimezone(self._clock.zone)
        days = self._days()
        found: list[datetime] = []
        months = 0
        while days and len(found) < count and months <= MONTHS:
            year, month = divmod(local.year * MONTHS + local.month - 1 - months, MONTHS)
            for day, hour in sorted(days, reverse=True):
                at = self._clock.true_at(datetime(year, month + 1, day, hour, tzinfo=self._clock.zone))
                if at <= instant:
                    found.append(at)
            months += 1
        return found[:count]

    def settles_between(self, start: datetime, end: datetime) -> bool:
        """Tell whether a settlement falls into ``(start, end]``."""
        last = self.before(end, 1)
        return bool(last) and last[0] > start

    def _days(self) -> set[tuple[int, int]]:
        written = [self._parameters.content(di)[::-1].hex() for di in DAYS]
        pairs = [(int(text[:2]), int(text[2:])) for text in written]
        return {(day, hour) for day, hour in pairs if 1 <= day <= LAST_DAY and hour < HOURS}
