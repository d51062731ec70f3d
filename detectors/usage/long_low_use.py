"""Long low use (长期低用电、长时零用电, D22): far below the usual for a week, or at nothing for days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.evidence import day_rows, slot_curves
from detectors.hysteresis import Delays
from detectors.shapes import Said, day_episode, day_stretches, slot_episode, slot_mask_stretches
from detectors.stretches import number
from detectors.thresholds import limit
from detectors.usage.known_changes import contract_starts, slots_of_days, suspended_days
from detectors.usage.low_use_days import day_shares, more_zero_hours
from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.model import Episode, Severity
from pipeline.registry import Registry

Floats = NDArray[np.float64]
_MEASURED = "0.13 to 0.8 false a meter-year on homes"


@detectors.register("long_low_use")
@dataclass(frozen=True, slots=True, kw_only=True)
class LongLowUse:
    """Judges whole days of actual energy against the usual ones, and slots that stand at nothing.

    Three findings: less than a share of the usual day for a week; nothing at all for three days after
    regular use; nothing for hours of each day where there never was. Suspended days are not judged.
    """

    low_share: float = parameter(
        0.4, "of the usual day", f"a drop of more than 60 %, {_MEASURED}", "M", Effect.TRIGGER
    )
    restore_share: float = parameter(
        0.6, "of the usual day", "half way back to the usual", "own", Effect.RESTORE
    )
    low_days: float = parameter(7, "days", f"seven days in a row, {_MEASURED}", "M", Effect.ON_DELAY)
    restore_days: float = parameter(2, "days", "two days back", "own", Effect.OFF_DELAY)
    gap_days: float = parameter(14, "days", "so many unknown days end a stretch", "own", Effect.GAP)
    zero_hours: float = parameter(
        72, "h", "0.2 to 0.3 false a meter-year on homes, empty ones included", "M", Effect.ON_DELAY
    )
    regular_share: float = parameter(
        0.8, "1", "share of the slots of two weeks before with use: regular use", "own"
    )
    daily_zero_hours: float = parameter(
        4, "h a day", "shortest daily theft of the literature (h4)", "own", Effect.TRIGGER
    )
    daily_zero_days: float = parameter(4, "days", "four days in a row", "own", Effect.ON_DELAY)
    least_days: float = parameter(24, "days", "known days that a usual day stands on", "own")
    least_kwh: float = parameter(0.2, "kWh a day", "who uses less is not judged", "own")
    whole_coverage: float = parameter(0.98, "1", "share of a day's slots that makes it whole", "own")

    about: ClassVar[About] = About(
        name="long_low_use",
        number="D22",
        version=4,
        kind=Kind.SLOTS,
        needs=Needs(
            interval_energy=True,
            daily=True,
            essential=("interval_energy",),
            archive=("suspension", "contract", "installation"),
        ),
        suppressed_by=("outage", "suspended_load", "closed_point_use"),
        messages=("episode.long_low_use", "episode.long_zero_use", "episode.daily_zero_use"),
        severity=Severity.MINOR,
        learns_days=35,
        of_customers=True,
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode for each finding and stretch."""
        daily = window.daily
        if daily is None or not daily.kwh.size:
            return []
        suspended = suspended_days(window, daily, registry)
        judged = (daily.coverage >= self.whole_coverage) & ~suspended
        explained = daily.mask_of()
        if explained is not None:
            judged &= ~explained
        kwh = np.where(judged, daily.kwh, np.nan)
        return [
            *self._low(window, daily, registry, kwh),
            *self._nothing(window, daily, registry, suspended),
            *self._daily_zeros(window, daily, registry, kwh),
        ]

    def _low(
        self, window: MeterMatrix, daily: DailyRows, registry: Registry, kwh: Floats
    ) -> Iterator[Episode]:
        renewed = contract_starts(window, daily, registry)
        least = self.least_days, self.least_kwh
        shares, usual = day_shares(kwh, daily.days, renewed, low_share=self.low_share, least=least)
        stretches = day_stretches(
            window,
            shares,
            trigger=limit(self, "low_share", window, registry).values[:, :1],
            restore=self.restore_share,
            delays=Delays(on=self.low_days, off=self.restore_days, gap=self.gap_days),
            falling=True,
        )
        for s in stretches:
            days = slice(s.first, s.end)
            known = np.isfinite(shares[s.row, days])
            used, expected = (float(c[s.row, days][known].sum()) for c in (kwh, usual))
            said = Said(
                key="low",
                message="episode.long_low_use",
                parameters={
                    "percent": round(100.0 * used / expected, 1),
                    "missing_kwh": round(expected - used, 3),
                    "days": int(known.sum()),
                },
                energy_kwh=round(expected - used, 3),
                evidence={
                    "used_kwh": number(used),
                    "usual_kwh": number(expected),
                    "limit_share": self.low_share,
                    "days": day_rows(daily, s, {"kwh": daily.kwh, "usual_kwh": usual}, margin=14),
                },
            )
            yield day_episode(self.about, window, registry, s, said)

    def _nothing(
        self, window: MeterMatrix, daily: DailyRows, registry: Registry, suspended: NDArray[np.bool_]
    ) -> Iterator[Episode]:
        kwh = np.where(slots_of_days(window, daily, suspended), np.nan, window.actual_kwh())
        zero = kwh == 0.0
        per_hour = 60 / window.minutes
        hours = limit(self, "zero_hours", window, registry).values[:, 0]
        stretches = slot_mask_stretches(
            window, zero, kwh > 0.0, np.isfinite(kwh), delays=Delays(on=hours * per_hour, gap=24 * per_hour)
        )
        for s in stretches:
            before = kwh[s.row, max(s.first - round(14 * 24 * per_hour), 0) : s.first]
            known = before[np.isfinite(before)]
            # Three days of use are the least that "regular" can mean.
            if len(known) < 72 * per_hour or (known > 0.0).mean() < self.regular_share:
                continue
            length = (s.end - s.first) / per_hour
            missing = float(known.mean()) * (s.end - s.first)
            said = Said(
                key="zero",
                message="episode.long_zero_use",
                parameters={"hours": round(length, 1), "missing_kwh": round(missing, 3)},
                energy_kwh=round(missing, 3),
                evidence={
                    "usual_kwh_a_day": number(float(known.mean()) * 24 * per_hour),
                    "share_of_slots_with_use_before": number(float((known > 0.0).mean())),
                    "curve": slot_curves(
                        window, s, {"import_kwh": window.import_kwh}, unit="kWh", margin=672
                    ),
                },
            )
            yield slot_episode(self.about, window, registry, s, said)

    def _daily_zeros(
        self, window: MeterMatrix, daily: DailyRows, registry: Registry, kwh: Floats
    ) -> Iterator[Episode]:
        # A whole day of nothing is another finding.
        zero_hours = np.where(kwh > 0.0, daily.zero_slots * window.minutes / 60.0, np.nan)
        more = more_zero_hours(zero_hours, usual_days=21)
        stretches = day_stretches(
            window,
            more,
            trigger=limit(self, "daily_zero_hours", window, registry).values[:, :1],
            restore=0.0,
            delays=Delays(on=self.daily_zero_days, off=self.restore_days, gap=self.gap_days),
        )
        for s in stretches:
            days = more[s.row, s.first : s.end]
            said = Said(
                key="daily zeros",
                message="episode.daily_zero_use",
                parameters={
                    "hours": round(float(np.nanmean(days)), 1),
                    "days": int(np.isfinite(days).sum()),
                },
                evidence={
                    "days": day_rows(daily, s, {"kwh": daily.kwh, "zero_hours": zero_hours}, margin=14),
                },
            )
            yield day_episode(self.about, window, registry, s, said)
