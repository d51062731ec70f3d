"""The clock inside a meter: how far it is off, and what the meter holds under the times that it shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from simulators.physics.window import Window

DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockChange:
    """A time in which a meter's clock is wrong; at its end it is set right."""

    window: Window
    jump_s: float = 0.0
    drift_s_per_day: float = 0.0

    def offset_s(self, stamp_s: float) -> float:
        """Return meter minus true time at a true POSIX time."""
        if not self.window.holds(stamp_s):
            return 0.0
        since_s = stamp_s - self.window.starts_at.timestamp()
        return self.jump_s + self.drift_s_per_day * since_s / DAY_S

    def true_s(self, shown_s: float) -> float | None:
        """Return when within the window the meter truly shows ``shown_s``; None if it never does."""
        start_s = self.window.starts_at.timestamp()
        since_s = (shown_s - start_s - self.jump_s) / (1 + self.drift_s_per_day / DAY_S)
        return start_s + since_s if self.window.holds(start_s + since_s) else None


class MeterClock:
    """A meter's own clock, wrong in some windows, which do not overlap."""

    def __init__(self, changes: Sequence[ClockChange], true_clock: Callable[[], datetime]) -> None:
        """Hang the clock on the true one."""
        self._changes = changes
        self._true_clock = true_clock

    def __call__(self) -> datetime:
        """Return the time that the meter shows now."""
        return self.shown(self._true_clock())

    def shown(self, true: datetime) -> datetime:
        """Return what the meter shows at a true time."""
        return true + timedelta(seconds=sum(c.offset_s(true.timestamp()) for c in self._changes))

    @property
    def reach(self) -> timedelta:
        """The furthest that the clock is ever off."""
        ends = (c.window.ends_at.timestamp() - c.window.starts_at.timestamp() for c in self._changes)
        furthest = (
            abs(c.jump_s) + abs(c.drift_s_per_day) * length_s / DAY_S
            for c, length_s in zip(self._changes, ends, strict=True)
        )
        return timedelta(seconds=max(furthest, default=0.0))

    def true(self, shown: datetime) -> datetime | None:
        """Return the latest true time, up to now, at which the meter showed ``shown``.

        None where it never did: its clock jumped over that time, or has not come to it.
        """
        shown_s, now_s = shown.timestamp(), self._true_clock().timestamp()
        found = [true_s for change in self._changes if (true_s := change.true_s(shown_s)) is not None]
        if not any(change.window.holds(shown_s) for change in self._changes):
            found.append(shown_s)
        past = [true_s for true_s in found if true_s <= now_s]
        return datetime.fromtimestamp(max(past), UTC) if past else None
