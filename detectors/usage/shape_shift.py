"""Shift of the shape of use (用电特性突变, D24): the same energy, but at other hours of the day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.hysteresis import Delays, Stretch, stretches_of
from detectors.shapes import Said, day_episode
from detectors.stretches import number
from detectors.thresholds import limit
from detectors.usage.day_curves import hour_curves
from detectors.usage.known_changes import contract_starts, suspended_days
from detectors.usage.week_profiles import (
    FIRST,
    WEEK,
    WEEKS,
    OwnWeeks,
    Profiles,
    changed_on,
    own_weeks,
    profiles,
)
from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.model import Episode, Json, Severity
from pipeline.registry import Registry

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Masks:
    begins: Bools
    restored: Bools
    known: Bools


@detectors.register("shape_shift")
@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeShift:
    """Compares the average day of a week with that of the four weeks before, hour by hour.

    Where a customer's weeks differ among themselves, only more than that counts. A shift is news until it has
    become usual, in about three weeks. Days in part, estimated and suspended ones are left out; for five
    weeks after a new contract (another tariff) nothing is said.
    """

    least_correlation: float = parameter(0.3, "1", "profile now against history", "own", Effect.TRIGGER)
    restore_correlation: float = parameter(0.5, "1", "alike again", "own", Effect.RESTORE)
    least_moved: float = parameter(
        10, "% of the energy", "a flat customer's hours differ by chance", "own", Effect.TRIGGER
    )
    share_points: float = parameter(
        20, "points", "share of a third of the day, as of a tariff period", "own", Effect.TRIGGER
    )
    restore_points: float = parameter(15, "points", "share nearly as before", "own", Effect.RESTORE)
    own_factor: float = parameter(
        1.3, "1", "times the most that a week before differed from the others", "own"
    )
    trigger_days: float = parameter(2, "days", "two weeks that end a day apart", "own", Effect.ON_DELAY)
    restore_days: float = parameter(2, "days", "likewise", "own", Effect.OFF_DELAY)
    gap_days: float = parameter(7, "days", "so many unknown days end it", "own", Effect.GAP)
    known_days: float = parameter(5, "days", "of each week", "own")

    about: ClassVar[About] = About(
        name="shape_shift",
        number="D24",
        version=4,
        kind=Kind.SLOTS,
        needs=Needs(
            interval_energy=True,
            daily=True,
            essential=("interval_energy",),
            archive=("suspension", "contract", "installation"),
        ),
        suppressed_by=("outage", "clock_error"),
        messages=("episode.shape_shift",),
        severity=Severity.INFO,
        learns_days=35,
        of_customers=True,
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return one episode a meter and shift."""
        daily = window.daily
        if daily is None or not window.import_kwh.size or len(daily.days) <= FIRST:
            return []
        hours = hour_curves(window, daily, window.actual_kwh())
        hours[suspended_days(window, daily, registry)] = np.nan
        explained = daily.mask_of()
        if explained is not None:
            hours[explained] = np.nan
        found = profiles(hours, int(self.known_days))
        own = OwnWeeks(correlation=np.full(daily.kwh.shape, np.nan), moved=np.full(daily.kwh.shape, np.nan))
        masks = self._masks(window, registry, hours, found, own)
        masks.known[_after(contract_starts(window, daily, registry))] = False
        stretches = stretches_of(
            masks.begins,
            masks.restored,
            masks.known,
            Delays(on=self.trigger_days, off=self.restore_days, gap=self.gap_days),
        )
        episodes = []
        done: dict[int, int] = {}
        for s in stretches:
            first = max(changed_on(hours[s.row], s.first, s.end), done.get(s.row, 0))
            done[s.row] = s.end
            said = _said(daily, hours[s.row], (found, own), s, first)
            episodes.append(day_episode(self.about, window, registry, s._replace(first=first), said))
        return episodes

    def _masks(
        self, window: MeterMatrix, registry: Registry, hours: Floats, found: Profiles, own: OwnWeeks
    ) -> _Masks:
        """Fill in ``own`` for the meters that it matters for."""
        correlation, points = (
            limit(self, name, window, registry).values[:, :1]
            for name in ("least_correlation", "share_points")
        )
        is_other = (found.correlation < correlation) & (found.moved > self.least_moved)
        has_moved = found.third > points
        suspects = (is_other | has_moved).any(axis=1)
        if suspects.any():
            theirs = own_weeks(hours[suspects], int(self.known_days))
            own.correlation[suspects], own.moved[suspects] = theirs.correlation, theirs.moved
        begins = is_other & (own.correlation > correlation)
        begins |= has_moved & (found.moved > self.own_factor * own.moved)
        is_alike = (found.correlation > self.restore_correlation) | (found.moved < self.least_moved)
        return _Masks(
            begins=begins,
            restored=is_alike & (found.third < self.restore_points),
            known=np.isfinite(found.moved),
        )


def _after(starts: Bools) -> Bools:
    """Return the days of a new contract until what was before it is compared with no more."""
    mask = starts.copy()
    for row, day in zip(*np.nonzero(starts), strict=True):
        mask[row, day : day + WEEK * (WEEKS + 1)] = True
    return mask


def _said(
    daily: DailyRows, hours: Floats, figures: tuple[Profiles, OwnWeeks], stretch: Stretch, first: int
) -> Said:
    found, own = figures
    days = slice(stretch.first, stretch.end)
    # The day that shows it best is told of.
    best = stretch.first + int(np.nanargmax(found.moved[stretch.row, days]))
    correlation, moved, third = (
        float(column[stretch.row, best]) for column in (found.correlation, found.moved, found.third)
    )
    now = hours[first : stretch.end]
    before = hours[max(first - WEEK * WEEKS, 0) : first]
    return Said(
        message="episode.shape_shift",
        parameters={
            "moved_percent": round(moved, 1),
            "points": round(third, 1),
            "correlation": round(correlation, 2),
            "since": str(daily.days[first]),
        },
        score=min(moved / 50.0, 1.0),
        evidence={
            "profile_now_kwh": _average(now),
            "profile_before_kwh": _average(before),
            "hours": "average energy of each local hour of the day, 0 to 23",
            "own_weeks_correlation": number(float(own.correlation[stretch.row, best]), 3),
            "own_weeks_moved_percent": number(float(own.moved[stretch.row, best]), 2),
            "shown_best_on": str(daily.days[best]),
        },
    )


def _average(hours: Floats) -> list[Json]:
    """Return the average day of the known ones."""
    known = hours[np.isfinite(hours).all(axis=1)]
    return [number(value) for value in known.mean(axis=0).tolist()] if len(known) else []
