"""Change of load shape (负荷特性类别变化, D35): three weeks look like another class than the three before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.forecast.days_off import usual_days_off
from analysis.load.hours import kinds_of_days
from analysis.load.shape_features import SATURDAY
from analysis.load.shapes import UNKNOWN, ShapeClasses, shape_classes
from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.hysteresis import Delays, stretches_of
from detectors.load.shape_windows import Ints, ShapeDays, changed_on, shape_days
from detectors.shapes import Said, day_episode
from detectors.stretches import number
from detectors.usage.day_curves import hour_curves
from detectors.usage.known_changes import contract_starts, suspended_days
from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.model import Episode, Json, Severity
from pipeline.registry import Registry
from pipeline.timegrid import from_numpy, local_day

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
DAYS_SHOWN = 28
"""So many days before a change are averaged beside it."""
SILENT = ("mixed", "vacant")
"""What fits no class says nothing, and a place that falls empty is told of by ``long_low_use``."""


@detectors.register("load_class_change")
@dataclass(frozen=True, slots=True, kw_only=True)
class LoadClassChange:
    """Compares the class of load shape of the last weeks with that of the weeks before.

    Both must fit well, and the former class hardly any more, for a week of days. It is news until the new
    class has become usual. Days in part, estimated and suspended ones are left out; for six weeks after a new
    contract nothing is said. Holidays are those of the contract's tariff; where it names none,
    those of the zone (``analysis/data/days_off_cn.toml``).
    """

    weeks_days: float = parameter(21, "days", "compared with as many before", "own")
    least_score: float = parameter(
        0.75, "1", "how well the new class fits, and the former fitted", "own", Effect.TRIGGER
    )
    most_former: float = parameter(0.1, "1", "how well the former class may still fit", "own", Effect.TRIGGER)
    restore_former: float = parameter(0.5, "1", "the former class fits again", "own", Effect.RESTORE)
    trigger_days: float = parameter(7, "days", "whatever the day of the week", "own", Effect.ON_DELAY)
    restore_days: float = parameter(2, "days", "two days in a row", "own", Effect.OFF_DELAY)
    gap_days: float = parameter(7, "days", "so many unknown days end it", "own", Effect.GAP)

    about: ClassVar[About] = About(
        name="load_class_change",
        number="D35",
        version=4,
        kind=Kind.SLOTS,
        needs=Needs(
            interval_energy=True,
            energies=("export_kwh",),
            daily=True,
            essential=("interval_energy",),
            archive=("suspension", "contract", "installation", "tariff"),
        ),
        suppressed_by=("outage", "clock_error"),
        messages=("episode.load_class_change",),
        severity=Severity.INFO,
        learns_days=42,
        of_customers=True,
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return one episode a meter and change."""
        daily, weeks = window.daily, int(self.weeks_days)
        if daily is None or not window.import_kwh.size or len(daily.days) < 2 * weeks:
            return []
        drawn = hour_curves(window, daily, window.actual_kwh())
        drawn[suspended_days(window, daily, registry)] = np.nan
        explained = daily.mask_of()
        if explained is not None:
            drawn[explained] = np.nan
        weekday = _kinds(window, daily, registry)
        classes = shape_classes()
        found = shape_days(drawn, _fed(window, daily, drawn), weekday, weeks, classes)
        begins, restored, known = self._masks(found, weeks, classes)
        for row, day in zip(*np.nonzero(contract_starts(window, daily, registry)), strict=True):
            known[row, day : day + 2 * weeks] = False
        delays = Delays(on=self.trigger_days, off=self.restore_days, gap=self.gap_days)
        episodes = []
        done: dict[int, int] = {}
        for stretch in stretches_of(begins, restored, known, delays):
            curve, kinds = drawn[stretch.row], weekday[stretch.row]
            until = slice(stretch.first + 1)
            days = range(stretch.first - weeks + 1, stretch.first + 1)
            first = max(changed_on(curve[until], kinds[until], days), done.get(stretch.row, 0))
            done[stretch.row] = stretch.end
            days_of = _pure(found, stretch.row, first, weeks)
            if days_of is None:
                continue
            said = _said(
                found, (drawn[stretch.row], weekday[stretch.row]), classes, (stretch.row, first, *days_of)
            )
            said = replace(said, parameters={"since": str(daily.days[first]), **said.parameters})
            episodes.append(day_episode(self.about, window, registry, stretch._replace(first=first), said))
        return episodes

    def _masks(self, found: ShapeDays, weeks: int, classes: ShapeClasses) -> tuple[Bools, Bools, Bools]:
        """Return where a class is another one, where it is the former again, and where both are known."""
        was = np.full(found.number.shape, UNKNOWN, dtype=np.int64)
        was[:, weeks:] = found.number[:, :-weeks]
        own = found.own_score()
        had = np.full(own.shape, np.nan)
        had[:, weeks:] = own[:, :-weeks]
        former = np.take_along_axis(found.scores, np.maximum(was, 0)[..., None], axis=2)[..., 0]
        known = (was != UNKNOWN) & (found.number != UNKNOWN)
        silent = [place for place, shape in enumerate(classes.shapes) if shape.id in SILENT]
        tells = known & ~np.isin(was, silent) & ~np.isin(found.number, silent)
        begins = tells & (found.number != was) & (own >= self.least_score) & (had >= self.least_score)
        begins &= former <= self.most_former
        return begins, known & ((former >= self.restore_former) | (found.number == was)), known


def _kinds(window: MeterMatrix, daily: DailyRows, registry: Registry) -> Ints:
    """Return the kind of each meter's days, shape (meters, days), by the tariff of its newest contract."""
    until = from_numpy(window.starts_at[-1])
    found = np.empty(daily.kwh.shape, dtype=np.int64)
    known: dict[tuple[str | None, ZoneInfo], Ints] = {}
    for row, meter in enumerate(window.meters):
        point = registry.service_point_of(meter, until)
        contract = None if point is None else registry.contract_of(point, until)
        of = None if contract is None else contract.tariff, daily.zones[row]
        if of not in known:
            known[of] = _kinds_under(daily, registry, *of)
        found[row] = known[of]
    return found


def _kinds_under(daily: DailyRows, registry: Registry, tariff: str | None, zone: ZoneInfo) -> Ints:
    """Return the kinds of days under a tariff, each by the version in force on it."""
    kinds = np.empty(len(daily.days), dtype=np.int64)
    for place in range(len(daily.days)):
        day = daily.date_of(place)
        version = None if tariff is None else registry.tariff_of(tariff, local_day(day, zone)[0])
        kinds[place] = kinds_of_days([day], version, usual_days_off(zone))[0]
    return kinds


def _fed(window: MeterMatrix, daily: DailyRows, drawn: Floats) -> Floats:
    export = window.energies.get("export_kwh")
    return np.zeros_like(drawn) if export is None else hour_curves(window, daily, export)


def _said(
    found: ShapeDays, of: tuple[Floats, Ints], classes: ShapeClasses, where: tuple[int, int, int, int]
) -> Said:
    row, first, before, after = where
    drawn, weekday = of
    number_was, number_now = (int(found.number[row, day]) for day in (before, after))
    was, now = classes.shapes[number_was], classes.shapes[number_now]
    own = found.own_score()[row]
    off = weekday >= SATURDAY
    old, new = slice(max(before - DAYS_SHOWN + 1, 0), first), slice(first, after + 1)
    return Said(
        message="episode.load_class_change",
        parameters={"was": was.name.en, "now": now.name.en},
        score=round(max(float(own[after] - found.scores[row, after, number_was]), 0.0), 3),
        evidence={
            "class_now": now.name.en,
            "class_before": was.name.en,
            "score_now": number(float(own[after]), 3),
            "score_before": number(float(own[before]), 3),
            "working_day_now_kwh": _average(drawn[new], ~off[new]),
            "working_day_before_kwh": _average(drawn[old], ~off[old]),
            "day_off_now_kwh": _average(drawn[new], off[new]),
            "day_off_before_kwh": _average(drawn[old], off[old]),
            "hours": "average energy of each local hour of the day, 0 to 23",
        },
    )


def _pure(found: ShapeDays, row: int, first: int, weeks: int) -> tuple[int, int] | None:
    """Return the days whose weeks lie before and after a change, and whose classes differ.

    While old and new days stand together in the weeks, they may look like a third class. As long as the new
    use is younger than the weeks, the last known ones stand for it. None where there is no other class.
    """
    known = np.flatnonzero(found.number[row] != UNKNOWN)
    before, after = known[known < first], known[(known >= first) & (known < first + weeks)]
    if not len(before) or not len(after):
        return None
    was, now = int(before[-1]), int(after[-1])
    return None if found.number[row, was] == found.number[row, now] else (was, now)


def _average(hours: Floats, chosen: Bools) -> list[Json]:
    """Return the average of chosen known days."""
    known = hours[chosen & np.isfinite(hours).all(axis=1)]
    return [number(value) for value in known.mean(axis=0).tolist()] if len(known) else []
