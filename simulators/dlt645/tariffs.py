"""Which rate (费率) runs when: a meter's own zone tables, day period tables, rest days and holidays."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final

from protocols.dlt645.values import bytes_to_instant
from simulators.dlt645.clock import MeterClock
from simulators.dlt645.parameters import Parameters

ENTRY: Final = 3
"""Bytes of an entry: MMDDNN or hhmmNN."""
PERIOD_TABLES: Final = 8
HOURS: Final = 24
MINUTES: Final = 60
HIGHEST_RATE: Final = 63

Period = tuple[int, int]
"""Minute of the day from which a rate runs, and the rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """One set of tables, understood."""

    zones: Sequence[tuple[int, int]]
    """(MMDD, day period table), by MMDD."""
    periods: Sequence[Sequence[Period]]
    """Day period tables 1 to 8."""
    rest_days: int
    """Weekend word: bit 0 Sunday to bit 6 Saturday, 0 rests."""
    rest_table: int

    def periods_of(self, day: date) -> Sequence[Period]:
        """Return the periods of a local day, by their beginning."""
        return self.periods[min(max(self._table_of(day), 1), len(self.periods)) - 1]

    def _table_of(self, day: date) -> int:
        if not self.rest_days >> day.isoweekday() % 7 & 1:
            return self.rest_table
        at = bisect_right([start for start, _ in self.zones], day.month * 100 + day.day)
        # Before the year's first zone the last one still runs.
        return self.zones[at - 1][1]


def read_tables(parameters: Parameters, zone_set: int, period_set: int) -> Tables:
    """Return a set of tables out of a meter's parameters.

    Args:
        parameters: The meter's.
        zone_set: 1 or 2, the set of zone tables (时区表) that runs.
        period_set: 1 or 2, the set of day period tables (日时段表) that runs.
    """
    zones = {month * 100 + day: table for month, day, table in _entries(parameters, f"040{zone_set}0000")}
    return Tables(
        zones=sorted(zones.items()),
        periods=[
            _periods(_entries(parameters, f"040{period_set}00{n:02X}")) for n in range(1, PERIOD_TABLES + 1)
        ],
        rest_days=parameters.word("04000801"),
        rest_table=parameters.number("04000802"),
    )


def _periods(entries: Sequence[tuple[int, int, int]]) -> Sequence[Period]:
    known = {
        hour * MINUTES + minute: rate
        for hour, minute, rate in entries
        if hour < HOURS and minute < MINUTES and 1 <= rate <= HIGHEST_RATE
    }
    if not known:
        return ((0, 1),)
    periods = sorted(known.items())
    # Before the day's first period the last one runs on.
    return periods if periods[0][0] == 0 else [(0, periods[-1][1]), *periods]


def _entries(parameters: Parameters, di: str) -> Sequence[tuple[int, int, int]]:
    content = parameters.content(di)
    triples = [content[at : at + ENTRY][::-1].hex() for at in range(0, len(content), ENTRY)]
    return [(int(t[:2]), int(t[2:4]), int(t[4:])) for t in triples]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Epoch:
    """From when on which sets run."""

    starts_at: datetime
    zone_set: int
    period_set: int
    tables: Tables


class TariffPlan:
    """Which tables run when: they change when parameters are written and at their switch times."""

    __slots__ = ("_clock", "_epochs", "_parameters")

    def __init__(self, parameters: Parameters, clock: MeterClock) -> None:
        """Start with the first sets, for ever."""
        self._parameters, self._clock = parameters, clock
        tables = _factory_tables()
        beginning = datetime.min.replace(tzinfo=UTC)
        self._epochs = [_Epoch(starts_at=beginning, zone_set=1, period_set=1, tables=tables)]

    def changed(self) -> None:
        """Take in parameters that were just written."""
        now = self._clock.true_now()
        self._epochs = [epoch for epoch in self._epochs if epoch.starts_at <= now]
        zone_set, period_set = self.sets_at(now)
        self._add(now, zone_set, period_set)
        switches = [(self._switch("04000106"), "zone"), (self._switch("04000107"), "period")]
        for at, which in sorted((at, which) for at, which in switches if at is not None and at > now):
            zone_set = 3 - zone_set if which == "zone" else zone_set
            period_set = 3 - period_set if which == "period" else period_set
            self._add(at, zone_set, period_set)

    def sets_at(self, instant: datetime) -> tuple[int, int]:
        """Return which sets of zone tables and of period tables run, 1 or 2 each."""
        epoch = self._epoch(instant)
        return epoch.zone_set, epoch.period_set

    def zone_switches(self, until: datetime) -> Sequence[datetime]:
        """Return when the set of zone tables changed, up to ``until``, newest first."""
        return self._switches("zone_set", until)

    def period_switches(self, until: datetime) -> Sequence[datetime]:
        """Return when the set of day period tables changed, newest first."""
        return self._switches("period_set", until)

    def rate_at(self, instant: datetime) -> int:
        """Return the number of the rate that runs at a true instant."""
        local = self._local(instant)
        minute = local.hour * MINUTES + local.minute
        periods = self._epoch(instant).tables.periods_of(local.date())
        return next(rate for start, rate in reversed(periods) if start <= minute)

    def next_change(self, instant: datetime) -> datetime:
        """Return when after ``instant`` another period, day or set begins; the rate may be the same."""
        local = self._local(instant)
        minute = local.hour * MINUTES + local.minute
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        periods = self._epoch(instant).tables.periods_of(local.date())
        following = next((start for start, _ in periods if start > minute), None)
        if following is None:
            border = midnight + timedelta(days=1)
        else:
            border = midnight.replace(hour=following // MINUTES, minute=following % MINUTES)
        true = self._clock.true_at(border)
        epochs = [epoch.starts_at for epoch in self._epochs if instant < epoch.starts_at < true]
        # A clock that was set back shows a time twice: never stand still.
        return max(min([true, *epochs]), instant + timedelta(seconds=1))

    def _local(self, instant: datetime) -> datetime:
        return (instant + self._clock.offset_at(instant)).astimezone(self._clock.zone)

    def _epoch(self, instant: datetime) -> _Epoch:
        if len(self._epochs) == 1:
            return self._epochs[0]
        return next(e for e in reversed(self._epochs) if e.starts_at <= instant)

    def _switches(self, which: str, until: datetime) -> Sequence[datetime]:
        pairs = zip(self._epochs, self._epochs[1:], strict=False)
        found = [b.starts_at for a, b in pairs if getattr(a, which) != getattr(b, which)]
        return [at for at in reversed(found) if at <= until]

    def _switch(self, di: str) -> datetime | None:
        meter_time = bytes_to_instant(self._parameters.content(di), self._clock.zone)
        return None if meter_time is None else self._clock.true_at(meter_time)

    def _add(self, at: datetime, zone_set: int, period_set: int) -> None:
        tables = read_tables(self._parameters, zone_set, period_set)
        self._epochs.append(_Epoch(starts_at=at, zone_set=zone_set, period_set=period_set, tables=tables))


@cache
def _factory_tables() -> Tables:
    """Return the factory's tables, one object for thousands of meters."""
    return read_tables(Parameters(), 1, 1)
