"""When a simulated meter froze its registers (冻结): by the calendar, by order, when tables switched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from protocols.dlt645.values import bcd_to_int
from simulators.dlt645.clock import MeterClock
from simulators.dlt645.tariffs import TariffPlan
from simulators.dlt645.traits import Traits

TIMED, INSTANT, ZONE_SWITCH, PERIOD_SWITCH, HOURLY, DAILY = 0x00, 0x01, 0x02, 0x03, 0x04, 0x06
"""DI2 of identifiers 05 DI2 DI1 DI0."""
KEPT: Final = {TIMED: 12, INSTANT: 3, ZONE_SWITCH: 2, PERIOD_SWITCH: 2, HOURLY: 254, DAILY: 62}
"""How many are kept. Hourly: as many as the identifier can count. [MEM]"""
ANY: Final = 0x99
AT_ONCE: Final = bytes((ANY,)) * 4
PATTERN_BYTES: Final = 4
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


class Freezes:
    """Knows the instants of all freezes; the values are worked out from the meter's past."""

    __slots__ = ("_clock", "_instants", "_missing", "_pattern", "_plan", "_since")

    def __init__(self, clock: MeterClock, plan: TariffPlan, traits: Traits, since: datetime | None) -> None:
        """Freeze from ``since`` (true time) on; never by the calendar without one."""
        self._clock, self._plan = clock, plan
        self._missing = traits.missing_freezes
        self._since = since
        self._instants: list[datetime] = []
        self._pattern: tuple[datetime, bytes] | None = None

    def order(self, data: bytes) -> bool:
        """Obey a freeze order (mm hh DD MM, each 99 for any); False when it makes no sense."""
        if data == AT_ONCE:
            self._instants = [self._clock.true_now(), *self._instants][: KEPT[INSTANT]]
            return True
        if not is_pattern(data):
            return False
        self._pattern = (self._clock.true_now(), data)
        return True

    def clear(self) -> None:
        """Forget every freeze; the pattern stays."""
        now = self._clock.true_now()
        self._instants = []
        self._since = now if self._since is not None else None
        if self._pattern is not None:
            self._pattern = (now, self._pattern[1])

    def instant(self, kind: int, number: int) -> datetime | None:
        """Return the true time of a kind's freeze, 1 for the newest; None when it is not kept."""
        if not 1 <= number <= KEPT.get(kind, 0):
            return None
        return next(islice(self._newest_first(kind), number - 1, None), None)

    def _newest_first(self, kind: int) -> Iterator[datetime]:
        now = self._clock.true_now()
        if kind == INSTANT:
            return iter(self._instants)
        if kind == ZONE_SWITCH:
            return iter(self._plan.zone_switches(now))
        if kind == PERIOD_SWITCH:
            return iter(self._plan.period_switches(now))
        if kind == TIMED:
            return self._by_pattern()
        return self._by_calendar(DAY if kind == DAILY else HOUR)

    def _by_calendar(self, step: timedelta) -> Iterator[datetime]:
        """Yield midnights or full hours of the meter's clock; midnights without power were missed."""
        if self._since is None:
            return
        local = self._clock.local().replace(minute=0, second=0, microsecond=0)
        if step == DAY:
            local = local.replace(hour=0)
        while (at := self._clock.true_at(local)) >= self._since:
            if step != DAY or local.date() not in self._missing:
                yield at
            local -= step

    def _by_pattern(self) -> Iterator[datetime]:
        if self._pattern is None:
            return
        ordered_at, pattern = self._pattern
        local = self._clock.local()
        minute, hour, day, month = (None if byte == ANY else bcd_to_int(bytes((byte,))) for byte in pattern)
        step = HOUR if hour is None else DAY
        local = local.replace(minute=minute or 0, second=0, microsecond=0)
        if hour is not None:
            local = local.replace(hour=hour)
        while (at := self._clock.true_at(local)) > ordered_at:
            fits = (day is None or local.day == day) and (month is None or local.month == month)
            if fits and at <= self._clock.true_now():
                yield at
            local -= step


def is_pattern(data: bytes) -> bool:
    """Tell whether mm hh DD MM is a time whose leading parts may be open: 99DDhhmm, 9999hhmm or 999999mm."""
    if len(data) != PATTERN_BYTES:
        return False
    limits = ((0, 59), (0, 23), (1, 31), (1, 12))
    is_open = False
    for byte, (low, high) in zip(data, limits, strict=True):
        if byte == ANY:
            is_open = True
        elif is_open or byte & 0x0F > 9 or not low <= int(f"{byte:02x}", 16 if byte > 0x99 else 10) <= high:  # noqa: PLR2004 - a digit
            return False
    return data[0] != ANY
