"""Excess over the usual profile (异常时段用电, D23): more than ever, day after day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.evidence import day_rows
from detectors.hysteresis import Delays, Stretch
from detectors.shapes import Said, day_episode, day_stretches
from detectors.stretches import number
from detectors.thresholds import limit
from detectors.usage.day_curves import hour_curves
from detectors.usage.hour_profile import Rule, excess_by_weeks
from detectors.usage.known_changes import suspended_days
from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.model import Episode, Json, Severity
from pipeline.registry import Registry

Floats = NDArray[np.float64]
_HOMES = "1.4 alarms a meter-year of Swiss homes in autumn with the other defaults"


@detectors.register("profile_excess")
@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileExcess:
    """Judges hours of actual energy by hour of the week; a hint for ranking more than a case.

    An hour counts if it is many deviations above the usual and above all of four weeks around its time of
    day; a day if such hours are several and hold a good part of its energy; an episode is two days in a row.
    Days that count are not learnt. Days in part, of 23 and 25 hours and suspended ones are unknown.
    """

    deviations: float = parameter(6, "deviations", "robust z by hour of the week", "own", Effect.TRIGGER)
    most_factor: float = parameter(
        1.2, "1", f"times the most of four weeks within two hours; {_HOMES}", "M", Effect.TRIGGER
    )
    least_spread: float = parameter(0.1, "of the mean", "a steady customer may vary by so much", "own")
    day_share: float = parameter(
        0.2, "of the day's energy", "what an episode is worth", "own", Effect.TRIGGER
    )
    restore_share: float = parameter(0.1, "of the day's energy", "half of it", "own", Effect.RESTORE)
    least_hours: float = parameter(2, "h a day", f"one hour is an oven; {_HOMES}", "M")
    trigger_days: float = parameter(2, "days", f"once is a party; {_HOMES}", "M", Effect.ON_DELAY)
    restore_days: float = parameter(2, "days", "two usual days", "own", Effect.OFF_DELAY)
    gap_days: float = parameter(7, "days", "so many unknown days end it", "own", Effect.GAP)

    about: ClassVar[About] = About(
        name="profile_excess",
        number="D23",
        version=4,
        kind=Kind.SLOTS,
        needs=Needs(
            interval_energy=True,
            daily=True,
            essential=("interval_energy",),
            archive=("suspension", "installation"),
        ),
        suppressed_by=("suspended_load", "closed_point_use"),
        messages=("episode.profile_excess",),
        severity=Severity.INFO,
        learns_days=35,
        of_customers=True,
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return one episode a meter and run of days."""
        daily = window.daily
        if daily is None or not window.import_kwh.size:
            return []
        hours = hour_curves(window, daily, window.actual_kwh())
        hours[suspended_days(window, daily, registry)] = np.nan
        share = limit(self, "day_share", window, registry).values[:, :1]
        rule = Rule(
            deviations=self.deviations,
            most_factor=self.most_factor,
            least_hours=self.least_hours,
            least_spread=self.least_spread,
            day_share=share,
        )
        excess, usual = excess_by_weeks(hours, daily.days, rule)
        too_much, energy = excess.sum(axis=2), hours.sum(axis=2)
        shares = np.divide(too_much, energy, out=np.where(energy == 0.0, 0.0, np.nan), where=energy > 0)
        shares[np.isnan(too_much)] = np.nan
        stretches = day_stretches(
            window,
            shares,
            trigger=share,
            restore=self.restore_share,
            delays=Delays(on=self.trigger_days, off=self.restore_days, gap=self.gap_days),
        )
        return [
            day_episode(
                self.about, window, registry, s, _said(daily, s, hours[s.row], excess[s.row], usual[s.row])
            )
            for s in stretches
        ]


def _said(daily: DailyRows, stretch: Stretch, hours: Floats, excess: Floats, usual: Floats) -> Said:
    days = slice(stretch.first, stretch.end)
    by_hour = np.nansum(excess[days], axis=0)
    too_much = float(by_hour.sum())
    best = stretch.first + int(np.nanargmax(excess[days].sum(axis=1)))
    worst = int(by_hour.argmax())
    counted = int((excess[days].sum(axis=1) > 0).sum())
    rows = {
        "kwh": daily.kwh,
        "excess_kwh": np.broadcast_to(excess.sum(axis=1), daily.kwh.shape),
        "usual_kwh": np.broadcast_to(usual.sum(axis=1), daily.kwh.shape),
    }
    return Said(
        message="episode.profile_excess",
        parameters={
            "excess_kwh": round(too_much, 3),
            "days": counted,
            "hour": worst,
            "percent": round(100.0 * too_much / float(np.nansum(hours[days])), 1),
        },
        score=min(too_much / float(np.nansum(hours[days])), 1.0),
        energy_kwh=round(too_much, 3),
        evidence={
            "hours_of_excess": [hour for hour, value in enumerate(by_hour.tolist()) if value > 0],
            "shown_best_on": str(daily.days[best]),
            "profile_of_that_day_kwh": _profile(hours[best]),
            "usual_profile_kwh": _profile(usual[best]),
            "hours": "energy of each local hour of the day, 0 to 23",
            "days": day_rows(daily, stretch, rows),
        },
    )


def _profile(hours: Floats) -> list[Json]:
    return [number(value) for value in hours.tolist()]
