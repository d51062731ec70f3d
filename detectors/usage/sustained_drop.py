"""Sustained drop of use (用电量持续下降, D21): a CUSUM of each day against the usual one of its weekday."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.evidence import day_rows
from detectors.hysteresis import Delays, Stretch, stretches_of
from detectors.shapes import Said, day_episode
from detectors.stretches import number
from detectors.thresholds import limit
from detectors.usage.known_changes import contract_starts, suspended_days
from detectors.usage.sustained_drop_cusum import Course, Numbers, change_point, course
from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.model import Episode, Severity
from pipeline.registry import Registry

_MEASURED = "measured on 516 Swiss homes"
_TUNED = "set on the half of the Swiss homes for tuning, with every other SimBench profile"
"""Autumn weeks of homes, and years of trades and farms; the other halves are what is reported."""


@detectors.register("sustained_drop")
@dataclass(frozen=True, slots=True, kw_only=True)
class SustainedDrop:
    """Adds up how far whole days of actual energy are below the median of the same weekdays.

    Needs four weeks before it says anything. Days in part, estimated days and days within a suspension are
    unknown; a new contract begins anew. A home on holiday looks like this too, and so do a trade's closed
    weeks and a mild spring: a small sum is only a hint. Three days must be low to open it, two weeks to make
    it a case.
    """

    open_sum: float = parameter(
        4.0,
        "deviations",
        f"at most 0.5 false a meter-year of homes in autumn, {_TUNED}; 2 to 3 through a year's holidays",
        "M",
        Effect.TRIGGER,
    )
    case_sum: float = parameter(
        20.0,
        "deviations",
        f"none in the 9 meter-years of homes, {_TUNED}; 0.4 a meter-year through a year's holidays",
        "M",
    )
    slack: float = parameter(1.0, "deviations", f"k of the sum, {_MEASURED}", "M", Effect.RESTORE)
    clip: float = parameter(
        2.5, "deviations", f"one day proves no more: a public holiday opens nothing; {_TUNED}", "M"
    )
    trigger_days: float = parameter(1, "days", "the sum itself waits", "own", Effect.ON_DELAY)
    restore_days: float = parameter(3, "days", "days in a row at the usual level", "own", Effect.OFF_DELAY)
    gap_days: float = parameter(14, "days", "so many unknown days end it", "own", Effect.GAP)
    weeks: float = parameter(4, "weeks", f"what is usual, {_MEASURED}", "M")
    least_days: float = parameter(24, "days", "known days that a usual day stands on", "own")
    least_spread: float = parameter(
        0.15, "1", f"a steadier meter is judged as if it varied by so much; {_TUNED}", "M"
    )
    least_kwh: float = parameter(0.2, "kWh a day", "who uses less is not judged", "own")
    whole_coverage: float = parameter(0.98, "1", "share of a day's slots that makes it whole", "own")

    about: ClassVar[About] = About(
        name="sustained_drop",
        number="D21",
        version=5,
        kind=Kind.DAYS,
        needs=Needs(daily=True, archive=("suspension", "contract", "installation")),
        suppressed_by=("outage",),
        messages=("episode.sustained_drop",),
        severity=Severity.MAJOR,
        learns_days=35,
        of_customers=True,
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return one episode a meter and drop."""
        daily = window.daily
        if daily is None or not daily.kwh.size:
            return []
        numbers = Numbers(
            slack=self.slack,
            clip=self.clip,
            open_sum=limit(self, "open_sum", window, registry).values[:, 0],
            weeks=int(self.weeks),
            least_days=self.least_days,
            least_spread=self.least_spread,
            least_kwh=self.least_kwh,
            restore_days=int(self.restore_days),
            gap_days=int(self.gap_days),
        )
        kwh = np.where(daily.coverage >= self.whole_coverage, daily.kwh, np.nan)
        kwh[suspended_days(window, daily, registry)] = np.nan
        explained = daily.mask_of()
        if explained is not None:
            kwh[explained] = np.nan
        went = course(kwh, daily.days, contract_starts(window, daily, registry), numbers)
        below = went.deviation < -self.slack
        stretches = stretches_of(
            went.is_open & below,
            went.known & ~below,
            went.known,
            Delays(on=self.trigger_days, off=self.restore_days, gap=self.gap_days),
        )
        found = []
        for opened in stretches:
            first = change_point(went.deviation[opened.row], went.sums[opened.row], opened.first, opened.end)
            stretch = opened._replace(first=first)
            said = self._said(daily, went, stretch, opened.first)
            found.append(day_episode(self.about, window, registry, stretch, said))
        return found

    def _said(self, daily: DailyRows, went: Course, stretch: Stretch, opened: int) -> Said:
        row, days = stretch.row, slice(stretch.first, stretch.end)
        known = went.known[row, days]
        used = float(daily.kwh[row, days][known].sum())
        usual = float(went.usual[row, days][known].sum())
        most = float(went.sums[row, days].max())
        return Said(
            message="episode.sustained_drop",
            parameters={
                "percent": round(100.0 * used / usual, 1),
                "missing_kwh": round(usual - used, 3),
                "days": int(known.sum()),
                "since": str(daily.days[stretch.first]),
            },
            severity=Severity.MAJOR if most >= self.case_sum else Severity.INFO,
            score=min(most / self.case_sum, 1.0),
            energy_kwh=round(usual - used, 3),
            evidence={
                "used_kwh": number(used),
                "usual_kwh": number(usual),
                "greatest_sum": number(most, 2),
                "opens_above": number(self.open_sum, 2),
                "case_from": number(self.case_sum, 2),
                "opened_on": str(daily.days[opened]),
                "days": day_rows(
                    daily,
                    stretch,
                    {
                        "kwh": daily.kwh,
                        "usual_kwh": went.usual,
                        "deviation": went.deviation,
                        "sum": went.sums,
                    },
                    margin=28,
                ),
                "usual_means": "median of the last four same weekdays before the drop",
            },
        )
