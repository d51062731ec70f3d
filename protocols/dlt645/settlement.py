"""Dates the registers of past settlement periods (结算日冻结): a meter gives their number, never their time.

Number 1 was closed at the newest settlement day before the meter's clock. So the clock and the days are asked
first, the clock again at the end: only when no settlement day has passed in between is it known which number
meant which period, and only then is a record given out. Periods that were closed under other days, before the
last programming of the days, have no date.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import MINYEAR, UTC, datetime
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from pipeline.model import Origin
from protocols.dlt645.decoding import Flags, Values
from protocols.session import Record

PERIODS_KEPT: Final = 12
"""Numbers 01 to 0C."""
FIRST_OF_MONTH: Final = (1, 0)
"""Statistics by month are closed as the month ends, whatever the settlement days are."""
LAST_DAY: Final = 28
"""Later days are not allowed: not every month has them."""
HOURS: Final = 24

Day = tuple[int, int]
"""Day of the month and hour."""


def parse_day(ddhh: str) -> Day | None:
    """Return a settlement day from its four digits; None where it is not set (9999) or no day."""
    if len(ddhh) != 4 or not ddhh.isdecimal():  # noqa: PLR2004 - DDhh
        return None
    day, hour = int(ddhh[:2]), int(ddhh[2:])
    return (day, hour) if 1 <= day <= LAST_DAY and hour < HOURS else None


def settlements_before(instant: datetime, days: Sequence[Day], zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the settlement instants up to ``instant``, in UTC, the newest first and without end."""
    local = instant.astimezone(zone)
    year, month = local.year, local.month
    while days and year > MINYEAR:
        for day, hour in sorted(set(days), reverse=True):
            closed_at = datetime(year, month, day, hour, tzinfo=zone).astimezone(UTC)
            if closed_at <= instant:
                yield closed_at
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)


def settlements_between(
    starts_at: datetime, ends_at: datetime, days: Sequence[Day], zone: ZoneInfo
) -> tuple[datetime, ...]:
    """Return the settlement instants in ``[starts_at, ends_at)``, the newest first; at most twelve."""
    found: list[datetime] = []
    for instant in settlements_before(ends_at, days, zone):
        if instant < starts_at or len(found) == PERIODS_KEPT:
            break
        if instant < ends_at:
            found.append(instant)
    return tuple(found)


class SettlementMemory:
    """What one meter has told of its past periods, until it is proved which they are."""

    def __init__(self, zone: ZoneInfo) -> None:
        """Start with nothing known of the meter."""
        self._zone = zone
        self._days: dict[int, Day | None] = {}
        self._unanswered: set[bytes] = set()
        self._programmed_at: datetime | None = None
        self._clock: datetime | None = None
        self._told: dict[tuple[bool, int], tuple[Values, Flags]] = {}
        self._proved: list[Record] = []

    @property
    def clock(self) -> datetime | None:
        """What the meter's clock showed when it was read last."""
        return self._clock

    def asked(self, identifier: bytes) -> None:
        """Take notice that a day, or when they were programmed, is asked.

        Until it is told or refused, or the clock is read again, no number has a date.
        """
        self._unanswered.add(identifier)

    def answered(self, identifier: bytes) -> None:
        """Take notice that it is told or refused."""
        self._unanswered.discard(identifier)

    def told_day(self, number: int, ddhh: str) -> None:
        """Take a settlement day, empty where the meter has none of this number.

        What was told under other days means something else.
        """
        day = parse_day(ddhh)
        if self._days.get(number, day) != day:
            self._told.clear()
        self._days[number] = day

    def told_programming(self, programmed_at: datetime) -> None:
        """Take when the days were programmed last; what was told before that may mean something else."""
        if self._programmed_at != programmed_at:
            self._told.clear()
        self._programmed_at = programmed_at

    def told_clock(self, clock: datetime) -> None:
        """Take the meter's clock: it proves what was told since it was read last."""
        if self._clock is not None:
            for monthly in (False, True):
                self._prove(self._clock, clock, monthly=monthly)
        self._told.clear()
        self._unanswered.clear()
        self._clock = clock

    def told_values(self, period: int, values: Values, flags: Flags, *, monthly: bool) -> None:
        """Take values of a past period; without days and clock nobody knows which.

        Args:
            period: 1 for the newest.
            values: What it holds.
            flags: Of what could not be read.
            monthly: Closed by the calendar month, not by settlement days.
        """
        if self._clock is None or period > PERIODS_KEPT:
            return
        known, odd = self._told.setdefault((monthly, period), ({}, {}))
        known.update(values)
        odd.update(flags)

    def closed_at(self, period: int, *, monthly: bool) -> datetime | None:
        """Return when a past period was closed, as far as it is known now."""
        instants = self._instants(monthly=monthly)
        return instants[period - 1] if 0 < period <= len(instants) else None

    def number_of(self, instant: datetime) -> int:
        """Return the number under which the period closed at ``instant`` is to be expected; at least 1."""
        newer = sum(closed_at >= instant for closed_at in self._instants(monthly=False))
        return min(max(newer, 1), PERIODS_KEPT)

    def take(self) -> tuple[Record, ...]:
        """Return the records that are proved and not yet given out."""
        records = tuple(self._proved)
        self._proved.clear()
        return records

    def _instants(self, *, monthly: bool) -> tuple[datetime, ...]:
        if self._clock is None:
            return ()
        instants = islice(
            settlements_before(self._clock, self._days_of(monthly=monthly), self._zone), PERIODS_KEPT
        )
        if monthly or self._programmed_at is None:
            return tuple(instants)
        return tuple(instant for instant in instants if instant > self._programmed_at)

    def _days_of(self, *, monthly: bool) -> Sequence[Day]:
        if monthly:
            return [FIRST_OF_MONTH]
        return [] if self._unanswered else [day for day in self._days.values() if day is not None]

    def _prove(self, before: datetime, after: datetime, *, monthly: bool) -> None:
        instants = self._instants(monthly=monthly)
        if not instants or after < before:
            return
        if next(settlements_before(after, self._days_of(monthly=monthly), self._zone)) != instants[0]:
            return
        self._proved += [
            Record(taken_at=instants[period - 1], origin=Origin.SETTLEMENT_FREEZE, values=values, flags=flags)
            for (by_month, period), (values, flags) in sorted(self._told.items())
            if by_month is monthly and period <= len(instants) and (values or flags)
        ]
