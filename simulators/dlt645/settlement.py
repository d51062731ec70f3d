"""When a meter settles (结算日): up to three days of the month, each with an hour, as its parameters say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from protocols.dlt645.settlement import PERIODS_KEPT, parse_day, settlements_before
from simulators.dlt645.clock import MeterClock
from simulators.dlt645.parameters import Parameters

DAYS: Final = ("04000B01", "04000B02", "04000B03")
LOOK_AHEAD: Final = timedelta(days=1)


class SettlementDays:
    """Tells the instants at which registers are kept as those of the last settlement days."""

    __slots__ = ("_ahead", "_clock", "_parameters")

    def __init__(self, parameters: Parameters, clock: MeterClock) -> None:
        """Read the days from a meter's parameters."""
        self._parameters, self._clock = parameters, clock
        self._ahead: tuple[datetime, datetime, Sequence[datetime]] | None = None

    def before(self, instant: datetime, count: int = PERIODS_KEPT) -> Sequence[datetime]:
        """Return the last ``count`` settlement instants up to ``instant``, newest first, as true times."""
        shown = (instant + self._clock.offset_at(instant)).astimezone(UTC)
        days = [
            day for di in DAYS if (day := parse_day(self._parameters.content(di)[::-1].hex())) is not None
        ]
        passed = islice(settlements_before(shown, days, self._clock.zone), count)
        return [self._clock.true_at(at) for at in passed]

    def settles_between(self, start: datetime, end: datetime) -> bool:
        """Tell whether a settlement falls into ``(start, end]``; cheap when it is asked step by step."""
        if self._ahead is None or not self._ahead[0] <= start <= end <= self._ahead[1]:
            until = end + LOOK_AHEAD
            self._ahead = (start, until, [at for at in self.before(until) if at > start])
        return any(start < at <= end for at in self._ahead[2])

    def changed(self) -> None:
        """Take in days that were just written."""
        self._ahead = None
