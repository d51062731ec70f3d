"""Energy against power (电能量超差, D05): a day's register beside the integral of the meter's own power."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.evidence import day_rows
from detectors.hysteresis import Delays, Stretch
from detectors.metering.power_energy import QUANTITIES, SlotEnergies, day_basic_kw, slot_energies
from detectors.ratings import ratings
from detectors.shapes import Said, day_episode, day_stretches
from detectors.stretches import number
from detectors.thresholds import limit
from pipeline.block import MeterMatrix
from pipeline.daily_reduction import day_sums
from pipeline.daily_rows import DailyRows
from pipeline.model import Episode, Severity
from pipeline.registry import Registry

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Days:
    """Both energies of the slots in which both are known, shape (meters, days)."""

    counted_kwh: Floats
    power_kwh: Floats
    apart_kwh: Floats
    error_kwh: Floats
    """Standard error of ``apart_kwh``: a load that jumps between readings tells little by its samples."""
    slots: Floats

    @property
    def percent(self) -> Floats:
        """By how much the register counts more than the power makes; NaN where there is no power."""
        return 100.0 * self.apart_kwh / np.where(self.power_kwh > 0, self.power_kwh, np.nan)


@detectors.register("energy_power_deviation")
@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyPowerDeviation:
    """Judges days with enough known slots and enough load, on which the difference is surely no sampling.

    Power is read once a slot, so the day's difference is set against its own standard error: the scatter of
    the slots' differences. A day whose difference is not sure is unknown. Nothing here depends on the ratio:
    it stands on both sides, also where it changes.
    """

    trigger_percent: float = parameter(20, "%", "own choice", "own", Effect.TRIGGER)
    restore_percent: float = parameter(10, "%", "half of the trigger", "own", Effect.RESTORE)
    load_percent: float = parameter(10, "% of basic power", "mean of the day, own choice", "own")
    sure: float = parameter(4, "standard errors", "sampling of a jumping load", "own")
    coverage: float = parameter(0.5, "1", "share of the day's slots with register and power", "own")
    trigger_days: float = parameter(1, "days", "own choice", "own", Effect.ON_DELAY)
    restore_days: float = parameter(1, "days", "first day that agrees", "own", Effect.OFF_DELAY)
    gap_days: float = parameter(7, "days", "so many unknown days end a stretch", "own", Effect.GAP)

    about: ClassVar[About] = About(
        name="energy_power_deviation",
        number="D05",
        kind=Kind.SLOTS,
        needs=Needs(
            quantities=QUANTITIES,
            interval_energy=True,
            daily=True,
            essential=("interval_energy", "quantities"),
            archive=("meter", "ratio"),
        ),
        suppressed_by=("register_runaway", "register_stopped"),
        messages=("episode.energy_power_more", "episode.energy_power_less"),
        severity=Severity.MAJOR,
        dated=("trigger_percent", "restore_percent", "load_percent", "sure", "coverage"),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode for each stretch of days, apart for counting too much and too little."""
        daily = window.daily
        if daily is None or not len(window.meters) or not len(window.starts_at):
            return []
        rated = ratings(window, registry)
        energies = slot_energies(window, rated)
        of = {
            name: limit(self, name, window, registry, Kind.DAYS)
            for name in ("trigger_percent", "restore_percent", "load_percent", "sure", "coverage")
        }
        days = _day_energies(window, daily, energies)
        mean_kw = days.power_kwh / (np.where(days.slots > 0, days.slots, np.nan) * energies.hours)
        tells = mean_kw > of["load_percent"].values / 100.0 * day_basic_kw(
            window, daily, rated, rated.rated_a
        )
        tells &= days.slots >= of["coverage"].values * 24.0 / energies.hours
        percent = np.where(tells, days.percent, np.nan)
        unsure = np.abs(days.apart_kwh) <= of["sure"].values * days.error_kwh
        percent[unsure & (np.abs(percent) > of["restore_percent"].values)] = np.nan
        on, off, gap = (
            limit(self, name, window, registry, Kind.DAYS).values[:, 0]
            for name in ("trigger_days", "restore_days", "gap_days")
        )
        found = []
        for sign in (1.0, -1.0):
            for stretch in day_stretches(
                window,
                sign * percent,
                trigger=of["trigger_percent"].values,
                restore=of["restore_percent"].values,
                delays=Delays(on=on, off=off, gap=gap),
            ):
                said = _said(daily, days, stretch, of["trigger_percent"].at(stretch.row, stretch.first))
                found.append(day_episode(self.about, window, registry, stretch, said))
        return found


def _day_energies(window: MeterMatrix, daily: DailyRows, energies: SlotEnergies) -> _Days:
    counted, shown = energies.counted_kwh, energies.shown_kwh()
    apart = counted - shown
    known = np.isfinite(apart)
    apart[~known] = 0.0
    slots = day_sums(window, daily, known.astype(np.float32))
    apart_kwh = day_sums(window, daily, apart)
    squares = day_sums(window, daily, np.square(apart))
    power_kwh = day_sums(window, daily, np.where(known, shown, 0.0))
    mean = apart_kwh / np.where(slots > 0, slots, np.nan)
    return _Days(
        counted_kwh=power_kwh + apart_kwh,
        power_kwh=power_kwh,
        apart_kwh=apart_kwh,
        error_kwh=np.sqrt(np.maximum(squares - mean * apart_kwh, 0.0)),
        slots=slots,
    )


def _said(daily: DailyRows, days: _Days, stretch: Stretch, limit_percent: float) -> Said:
    where = slice(stretch.first, stretch.end)
    counted = float(np.nansum(days.counted_kwh[stretch.row, where]))
    power = float(np.nansum(days.power_kwh[stretch.row, where]))
    percent = 100.0 * (counted / power - 1.0)
    return Said(
        key="more" if percent > 0 else "less",
        message="episode.energy_power_more" if percent > 0 else "episode.energy_power_less",
        parameters={
            "percent": round(abs(percent), 1),
            "counted_kwh": round(counted, 3),
            "power_kwh": round(power, 3),
            "days": stretch.end - stretch.first,
        },
        energy_kwh=round(abs(power - counted), 3),
        evidence={
            "ratio": number(counted / power, 4),
            "limit_percent": limit_percent,
            "correction": {
                "factor": number(power / counted, 4) if counted > 0 else None,
                "metered_kwh": number(counted),
                "missing_kwh": number(power - counted),
                "how": "mean of the powers at both ends of each slot, less what the register counted;"
                " only slots in which both are known",
            },
            "days": day_rows(
                daily,
                stretch,
                {
                    "counted_kwh": days.counted_kwh,
                    "power_kwh": days.power_kwh,
                    "percent": days.percent,
                    "standard_error_kwh": days.error_kwh,
                },
            ),
        },
    )
