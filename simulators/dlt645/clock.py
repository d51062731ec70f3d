"""The clock of a simulated meter: offset, drift, jumps, setting, and the rule for broadcast time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from protocols.dlt645.values import Format, bytes_to_instant, digits_to_bytes
from simulators.dlt645.traits import Traits

BROADCAST_REACH: Final = timedelta(minutes=5)
"""A broadcast that would move the clock further is not obeyed (DL/T 645-2007, clause on function 08)."""
MIDNIGHT_GUARD: Final = timedelta(minutes=5)
"""Around midnight no broadcast is obeyed. The standard says to avoid midnight, not how far. [MEM]"""
DAY: Final = timedelta(days=1)


class MeterClock:
    """Tells the meter's time and translates between it and true time; both are aware instants."""

    __slots__ = ("_broadcast_day", "_drift", "_jumps", "_set", "true_now", "zone")

    def __init__(
        self, true_now: Callable[[], datetime], zone: ZoneInfo, traits: Traits, since: datetime | None
    ) -> None:
        """Start the clock with its offset at ``since``, or now without one; it drifts from then on."""
        self.true_now = true_now
        self.zone = zone
        self._drift = traits.clock_drift_s_per_day / DAY.total_seconds()
        self._jumps = traits.clock_jumps
        begin = since if since is not None else true_now()
        self._set: list[tuple[datetime, timedelta]] = [(begin, timedelta(seconds=traits.clock_offset_s))]
        self._broadcast_day: date | None = None

    def now(self) -> datetime:
        """Return the meter's time, in UTC."""
        true = self.true_now()
        return true + self.offset_at(true)

    def local(self) -> datetime:
        """Return the meter's time as its display shows it."""
        return self.now().astimezone(self.zone)

    def offset_at(self, true: datetime) -> timedelta:
        """Return meter minus true time at a true time."""
        if len(self._set) == 1 and not self._drift and not self._jumps:
            return self._set[0][1]
        start, offset = next((s for s in reversed(self._set) if s[0] <= true), self._set[0])
        leaps = sum(jump.by_s for jump in self._jumps if start < jump.at <= true)
        drifted = max((true - start).total_seconds(), 0.0) * self._drift
        return offset + timedelta(seconds=leaps + drifted)

    def true_at(self, meter_time: datetime) -> datetime:
        """Return the true time at which the clock last showed ``meter_time``.

        A time that a jump left out is taken as the jump itself.
        """
        if len(self._set) == 1 and not self._drift and not self._jumps:
            return meter_time.astimezone(UTC) - self._set[0][1]
        low = self._set[0][0] - 2 * DAY * 366
        high = max(self.true_now(), meter_time.astimezone(UTC)) + 2 * DAY
        borders = sorted({s[0] for s in self._set} | {jump.at for jump in self._jumps})
        # Between two borders the clock runs straight: look from the newest stretch back.
        for start, end in reversed(list(zip([low, *borders], [*borders, high], strict=True))):
            inside = start if start in borders else end - timedelta(microseconds=1)
            true = meter_time.astimezone(UTC) - self.offset_at(inside)
            if self._drift and start in borders:
                true = start + (true - start) / (1 + self._drift)
            if true >= start:
                return min(true, end)
        return low

    @contextmanager
    def held_at(self, true: datetime) -> Iterator[None]:
        """Let it be another true time: for what happened before anybody looked."""
        running, self.true_now = self.true_now, lambda: true
        try:
            yield
        finally:
            self.true_now = running

    def set_to(self, meter_time: datetime) -> None:
        """Set the clock."""
        true = self.true_now()
        self._set.append((true, meter_time.astimezone(UTC) - true))

    def obey_broadcast(self, sent: datetime) -> bool:
        """Obey a broadcast (广播校时) within 5 minutes, once a day, not near midnight; tell if it did."""
        now = self.local()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        near_midnight = min(now - midnight, midnight + DAY - now) < MIDNIGHT_GUARD
        if abs(sent - now) > BROADCAST_REACH or near_midnight or self._broadcast_day == now.date():
            return False
        self._broadcast_day = now.date()
        self.set_to(sent)
        return True


def written_time(content: bytes, form: Format, local: datetime) -> datetime | None:
    """Return the instant that a written date (YYMMDDWW), time (hhmmss) or both mean; None when there is none.

    Args:
        content: In wire order, as long as its format.
        form: Which of them it is.
        local: What the meter shows: the part that is not written stays.
    """
    time, date = {
        "YYMMDDWW": (digits_to_bytes(f"{local:%H%M%S}"), content[1:]),
        "hhmmss": (content, digits_to_bytes(f"{local:%y%m%d}")),
        "YYMMDDWWhhmmss": (content[:3], content[4:]),
    }[form.notation]
    zone = local.tzinfo
    return bytes_to_instant(time + date, zone) if isinstance(zone, ZoneInfo) else None
