"""When a meter settles (结算日): up to three days of the month, each with an hour, as its parameters say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from protocols.dlt645.settlement import PERIODS_KEPT, parse_day, settlements_before
from simulators.dlt645.clock import MeterClock
from simulators.dlt645.parameters import Parameters

DAYS: Final = ("04000B01", "04000B02", "04000B03")


class SettlementDays:
    """Tells the instants at which registers are kept as those of the last settlement days."""

    __slots__ = ("_clock", "_parameters")

    def __init__(self, parameters: Parameters, clock: MeterClock) -> None:
        """Read the days from a meter's parameters."""
        self._parameters, self._clock = parameters, clock

    def before(self, instant: datetime, count: int = PERIODS_KEPT) -> Sequence[datetime]:
        """Return the last ``count`` settlement instants up to ``instant``, newest first, as true times."""
        shown = (instant + self._clock.offset_at(instant)).astimezone(UTC)
        days = [
            day for di in DAYS if (day := parse_day(self._parameters.content(di)[::-1].hex())) is not None
        ]
        passed = islice(settlements_before(shown, days, self._clock.zone), count)
        return [self._clock.true_at(at) for at in passed]

    def settles_between(self, start: datetime, end: datetime) -> bool:
        """Tell whether a settlement falls into ``(start, end]``."""
        last = self.before(end, 1)
        return bool(last) and last[0] > start
