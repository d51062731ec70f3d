"""Validation as a detector (VEE, D32): sums, spikes, high and low days, negative, missing, long estimated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.evidence import day_rows, slot_curves
from detectors.hysteresis import Delays, Stretch
from detectors.metering.vee_checks import (
    CHECKS,
    day_window,
    installed,
    long_runs,
    of_rows,
    slot_window,
    spikes,
    taken,
    unbalanced_days,
    unlike_days,
    whole_days,
    without_echo,
)
from detectors.register_days import register_kwh
from detectors.shapes import Said, day_episode, day_stretches, slot_episode
from detectors.stretches import number
from detectors.thresholds import limit
from detectors.usage.known_changes import suspended_days
from pipeline.block import MeterMatrix, is_actual
from pipeline.daily_reduction import day_firsts
from pipeline.daily_rows import DailyRows
from pipeline.model import Episode, Json, Severity, Verdict
from pipeline.quantities import Quantity
from pipeline.registry import Registry
from pipeline.vee import finalise
from pipeline.vee_limits import LIMITS, SOURCES, VeeLimits
from pipeline.vee_window import Finding

SUM, SPIKE, HIGH, LOW = "sum", "spike", "high", "low"
NEGATIVE, MISSING, ESTIMATED = "negative", "missing", "estimated"
UNKNOWN = (MISSING, ESTIMATED)
"""What says that too little was measured, not that something is wrong."""
HALF = 0.5
HISTORY_DAYS = LIMITS.history_days

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]


class _Alike(NamedTuple):
    """Meters of one zone for which the same limits hold."""

    rows: Ints
    limits: VeeLimits
    spike_slots: int
    missing_slots: float


@detectors.register("validation")
@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """Runs the rules of validation on actual values; their limits hold as of the window's start.

    A sum is judged on days that are wholly actual, with the energy of a slot's length more or less for a
    reading that came late after midnight; where a register fell or a ratio changed it is not. Spikes are
    judged per so many days and not in shorter windows. Days of a suspended service are neither high nor low,
    nor is a day compared with them. A meter without any interval is left to the coverage.
    """

    sum_steps: float = parameter(2, "register steps", SOURCES["sum_steps"], "D", Effect.TRIGGER)
    sum_percent: float = parameter(0.1, "%", SOURCES["sum_percent"], "D", Effect.TRIGGER)
    spike_percent: float = parameter(
        180, "% over the third highest", SOURCES["spike_percent"], "D", Effect.TRIGGER
    )
    spike_days: float = parameter(
        30, "days", "0.05 false alarms a meter-year on 537 Swiss homes; per day 7.5 (detection.md 2.2)", "M"
    )
    low_percent: float = parameter(50, "% of the days before", SOURCES["low_percent"], "D", Effect.TRIGGER)
    high_percent: float = parameter(200, "% of the days before", SOURCES["high_percent"], "D", Effect.TRIGGER)
    high_low_days: float = parameter(
        3,
        "days",
        "0.6 alarms a meter-year on 268 Swiss homes; one day alone 50 (detection.md 2.2)",
        "M",
        Effect.ON_DELAY,
    )
    restore_days: float = parameter(1, "days", "first day that agrees", "own", Effect.RESTORE)
    missing_hours: float = parameter(24, "h", "a day without intervals, own choice", "own", Effect.TRIGGER)
    prolonged_hours: float = parameter(72, "h", SOURCES["prolonged_hours"], "D", Effect.TRIGGER)
    gap_days: float = parameter(7, "days", "so many unknown days end a stretch", "own", Effect.GAP)

    about: ClassVar[About] = About(
        name="validation",
        number="D32",
        version=2,
        kind=Kind.SLOTS,
        needs=Needs(
            interval_energy=True,
            day_registers=(Quantity.ACTIVE_ENERGY_IMPORT,),
            daily=True,
            essential=("interval_energy",),
            archive=("meter", "installation", "ratio", "suspension"),
        ),
        suppressed_by=("outage", "register_runaway", "register_stopped"),
        messages=tuple(
            f"episode.validation_{rule}" for rule in (SUM, SPIKE, HIGH, LOW, NEGATIVE, MISSING, ESTIMATED)
        ),
        severity=Severity.MINOR,
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode for each finding, days in a row in one."""
        daily = window.daily
        if daily is None or not len(window.meters) or not len(window.starts_at):
            return []
        alike = list(self._alike(window, daily, registry))
        return [
            *self._of_slots(window, daily, registry, alike),
            *self._of_days(window, daily, registry, alike),
        ]

    def _alike(self, window: MeterMatrix, daily: DailyRows, registry: Registry) -> Iterator[_Alike]:
        names = (
            "sum_steps",
            "sum_percent",
            "spike_percent",
            "low_percent",
            "high_percent",
            "prolonged_hours",
            "spike_days",
            "missing_hours",
        )
        columns = [limit(self, name, window, registry).values[:, 0] for name in names]
        zones = list(dict.fromkeys(daily.zones))
        zone = np.array([zones.index(own) for own in daily.zones], dtype=np.float64)
        kinds, place = np.unique(np.stack([zone, *columns], axis=1), axis=0, return_inverse=True)
        per_hour = 60.0 / window.minutes
        for kind, (_, *numbers) in enumerate(kinds.tolist()):
            own = dict(zip(names, numbers, strict=True))
            spike_slots = round(own.pop("spike_days") * 24 * per_hour)
            missing_slots = own.pop("missing_hours") * per_hour
            yield _Alike(
                rows=np.flatnonzero(place.reshape(-1) == kind),
                limits=VeeLimits(**own),
                spike_slots=spike_slots,
                missing_slots=missing_slots,
            )

    def _of_slots(
        self, window: MeterMatrix, daily: DailyRows, registry: Registry, alike: Sequence[_Alike]
    ) -> Iterator[Episode]:
        row_of = {meter: row for row, meter in enumerate(window.meters)}
        for rule, finding, third in _slot_findings(window, daily, registry, alike):
            first = int(np.searchsorted(window.starts_at, finding.starts_at))
            end = first + finding.slots
            stretch = Stretch(
                row=row_of[finding.meter],
                first=first,
                end=end,
                is_open=rule in UNKNOWN and end == len(window.starts_at),
                known_end=end,
            )
            said = _said_of_slots(window, daily, stretch, rule, third)
            yield slot_episode(self.about, window, registry, stretch, said)

    def _of_days(
        self, window: MeterMatrix, daily: DailyRows, registry: Registry, alike: Sequence[_Alike]
    ) -> Iterator[Episode]:
        kwh = whole_days(daily)
        register = register_kwh(window, daily, registry)
        seen = day_window(window, daily, kwh)
        usual_days = day_window(window, daily, np.where(suspended_days(window, daily, registry), np.nan, kwh))
        unlike: Bools = np.zeros(kwh.shape, dtype=np.bool_)
        unbalanced = unlike.copy()
        nearest = _nearest(window, daily, kwh, register)
        for group in alike:
            part = of_rows(seen, group.rows)
            unlike[group.rows] = unlike_days(of_rows(usual_days, group.rows), group.limits)
            unbalanced[group.rows] = unbalanced_days(part, nearest[group.rows], group.limits)
        usual = _usual(kwh)
        high, low = unlike & (kwh > usual), unlike & (kwh < usual)
        on, off, gap = (
            limit(self, name, window, registry, Kind.DAYS).values[:, 0]
            for name in ("high_low_days", "restore_days", "gap_days")
        )
        columns = {"kwh": kwh, "usual_kwh": usual, "register_kwh": register}
        for rule, mask, days in (
            (SUM, unbalanced, 1),
            (HIGH, without_echo(high, low, HISTORY_DAYS), on),
            (LOW, without_echo(low, high, HISTORY_DAYS), on),
        ):
            known = np.isfinite(nearest if rule == SUM else kwh) & np.isfinite(kwh)
            statistic = np.where(known, mask.astype(np.float64), np.nan)
            for stretch in day_stretches(
                window, statistic, trigger=HALF, restore=HALF, delays=Delays(on=days, off=off, gap=gap)
            ):
                said = _said_of_days(daily, stretch, rule, columns)
                yield day_episode(self.about, window, registry, stretch, said)


def _slot_findings(
    window: MeterMatrix, daily: DailyRows, registry: Registry, alike: Sequence[_Alike]
) -> Iterator[tuple[str, Finding, float | None]]:
    """Yield what the rules for slots find, each only at those meters where it can find something."""
    known = np.isfinite(window.import_kwh)
    is_measured = is_actual(window.quality)
    actual = window.import_kwh if is_measured[known].all() else window.actual_kwh()
    absent, estimated = ~known, known & ~is_measured
    mask = window.mask_of()
    if mask is not None:
        absent &= ~mask
    some = np.asarray(known.any(axis=1))
    for rows, limits, spike_slots, missing_slots in alike:
        seen = slot_window(window, daily, actual, rows)
        if spike_slots:
            yield from ((SPIKE, found, third) for found, third in spikes(seen, limits, spike_slots))
        negative = rows[(taken(actual, rows) < 0).any(axis=1)]
        if len(negative):
            part = slot_window(window, daily, actual, negative)
            yield from ((NEGATIVE, found, None) for found in CHECKS["negative"](part, limits))
        silent = rows[long_runs(taken(absent, rows), missing_slots)]
        silent = silent[some[silent]]
        if len(silent):
            part = slot_window(window, daily, np.where(absent, np.nan, 0.0), silent)
            part = replace(part, installed=installed(window, registry, silent))
            gaps = CHECKS["missing"](part, limits)
            yield from ((MISSING, found, None) for found in gaps if found.slots >= missing_slots)
        prolonged = limits.prolonged_hours * 60.0 / window.minutes
        long = rows[long_runs(taken(estimated, rows), prolonged)]
        if len(long):
            part = slot_window(window, daily, window.import_kwh, long)
            yield from ((ESTIMATED, found, None) for found in CHECKS["prolonged_estimation"](part, limits))


def _nearest(window: MeterMatrix, daily: DailyRows, kwh: Floats, register_kwh: Floats) -> Floats:
    """Return the growth that comes nearest to the intervals if both its readings may be late by a slot."""
    early = np.nan_to_num(day_firsts(window, daily, window.actual_kwh()))
    late = np.zeros_like(early)
    late[:, :-1] = early[:, 1:]
    return np.clip(kwh, register_kwh - late, register_kwh + early)


def _usual(kwh: Floats) -> Floats:
    """Return the mean of the days before each day that validation compares it with."""
    found = np.full(kwh.shape, np.nan)
    if kwh.shape[1] > HISTORY_DAYS:
        before = np.lib.stride_tricks.sliding_window_view(kwh, HISTORY_DAYS, axis=1)
        found[:, HISTORY_DAYS:] = before[:, :-1].mean(axis=2)
    return found


def _said_of_slots(
    window: MeterMatrix, daily: DailyRows, stretch: Stretch, rule: str, third: float | None
) -> Said:
    row, where = stretch.row, slice(stretch.first, stretch.end)
    kwh = window.import_kwh[row, where]
    parameters: dict[str, float | int | str] = {
        "hours": round((stretch.end - stretch.first) * window.minutes / 60.0, 2)
    }
    evidence: dict[str, Json] = {}
    if third is not None:
        parameters = {"kwh": round(float(kwh[0]), 3), "third_kwh": round(third, 3)}
    elif rule == NEGATIVE:
        parameters["kwh"] = round(float(np.nansum(kwh)), 3)
    if rule in {NEGATIVE, MISSING}:
        evidence["replacement"] = _replacement(window, daily, stretch)
    return Said(
        key=rule,
        message=f"episode.validation_{rule}",
        parameters=parameters,
        verdict=Verdict.UNKNOWN if rule in UNKNOWN else Verdict.ABNORMAL,
        score=0.0 if rule in UNKNOWN else 1.0,
        evidence={
            "rule": rule,
            "original_kwh": number(float(np.nansum(kwh))) if np.isfinite(kwh).any() else None,
            "quality": sorted(set(window.quality[row, where].tolist())),
            **evidence,
            "intervals": slot_curves(window, stretch, {"import_kwh": window.import_kwh}, unit="kWh a slot"),
        },
    )


def _replacement(window: MeterMatrix, daily: DailyRows, stretch: Stretch) -> dict[str, Json]:
    """Return what estimation would put in the place of a stretch, and by which method."""
    row, where = stretch.row, slice(stretch.first, stretch.end)
    final = finalise(slot_window(window, daily, window.import_kwh, np.array([row])))
    kwh = final.kwh[0, where]
    return {
        "kwh": number(float(kwh.sum())),
        "quality": sorted(set(final.quality[0, where].tolist())),
        "methods": sorted({method for method in final.method[0, where].tolist() if method}),
    }


def _said_of_days(daily: DailyRows, stretch: Stretch, rule: str, columns: Mapping[str, Floats]) -> Said:
    where = slice(stretch.first, stretch.end)
    kwh = columns["kwh"][stretch.row, where]
    against = columns["register_kwh" if rule == SUM else "usual_kwh"][stretch.row, where]
    apart = float(np.nansum(kwh - against))
    top = int(np.nanargmax(np.abs(kwh - against)))
    return Said(
        key=rule,
        message=f"episode.validation_{rule}",
        parameters={
            "kwh": round(float(kwh[top]), 3),
            "against_kwh": round(float(against[top]), 3),
            "days": stretch.end - stretch.first,
        },
        energy_kwh=round(abs(apart), 3) if rule == SUM else None,
        evidence={"rule": rule, "apart_kwh": number(apart), "days": day_rows(daily, stretch, columns)},
    )
