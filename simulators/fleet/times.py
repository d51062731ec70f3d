"""A fleet file placed in time: its days are counted back from the start, on the local calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pipeline.timegrid import local_day
from simulators.dlt645.traits import ClockJump, Traits
from simulators.fleet.plan import FaultPlan, FleetPlan, Moment, TraitsPlan
from simulators.physics.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedPlan:
    """A fleet's plan whose history ends at ``now``."""

    plan: FleetPlan
    now: datetime

    @property
    def memory_from(self) -> datetime:
        """The meters remember from here on."""
        return self._midnight(-self.plan.history_days)

    @property
    def curve_from(self) -> datetime:
        """Load curves begin a day before the memory."""
        return self._midnight(-self.plan.history_days - 1)

    @property
    def curve_to(self) -> datetime:
        """Load curves vary up to here."""
        return self._midnight(self.plan.ahead_days + 1)

    def window(self, starts: Moment, ends: Moment | None) -> Window:
        """Return a stretch; one without an end lasts as long as there is a calendar."""
        zone = self.plan.zone
        ends_at = datetime.max.replace(tzinfo=UTC) if ends is None else instant_of(ends, zone, self.now)
        return Window(starts_at=instant_of(starts, zone, self.now), ends_at=ends_at)

    def fault_windows(self, fault: FaultPlan) -> Sequence[Window]:
        """Return the windows of a fault, one for each of its days."""
        windows = []
        for night in range(fault.nights):
            moment = replace(fault.starts, days_ago=fault.starts.days_ago - night)
            start = instant_of(moment, self.plan.zone, self.now)
            windows.append(Window(starts_at=start, ends_at=start + timedelta(minutes=fault.minutes)))
        return windows

    def _midnight(self, days: int) -> datetime:
        today = self.now.astimezone(self.plan.zone).date()
        return local_day(today + timedelta(days=days), self.plan.zone)[0]


def traits_of(traits: TraitsPlan, zone: ZoneInfo, now: datetime) -> Traits:
    """Return a meter's traits with their days as dates."""
    today = now.astimezone(zone).date()
    return replace(
        traits.fixed,
        missing_freezes=frozenset(today - timedelta(days=days) for days in traits.missing_freezes),
        clock_jumps=tuple(
            ClockJump(at=instant_of(moment, zone, now), by_s=by_s) for moment, by_s in traits.clock_jumps
        ),
    )


def instant_of(moment: Moment, zone: ZoneInfo, now: datetime) -> datetime:
    """Return the UTC instant of a moment relative to ``now``."""
    day = now.astimezone(zone).date() - timedelta(days=moment.days_ago)
    return datetime.combine(day, moment.at, zone).astimezone(UTC)
