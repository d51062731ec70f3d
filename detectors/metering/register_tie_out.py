"""Register tie-out (电能示值不平, D01): the rates of a register must add up to its total."""

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
from detectors.thresholds import limit
from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.model import Episode, Severity
from pipeline.quantities import Quantity
from pipeline.registry import Registry

STEMS = ("active_energy_import", "active_energy_export")
RATES = range(1, 7)
REGISTERS = tuple(
    Quantity(name) for stem in STEMS for name in (stem, *(f"{stem}_t{number}" for number in RATES))
)

Floats = NDArray[np.float64]


@detectors.register("register_tie_out")
@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterTieOut:
    """Compares total and rates at the end of each day, on the meter's own side.

    Registers roll over one by one, so they are compared modulo their range. A day on which a rate that the
    meter has was not read is unknown: a partial read proves nothing. Each register is rounded to its own
    step, so the sum may be off by one step a register.
    """

    trigger_kwh: float = parameter(
        0.1, "kWh", "warning limit of master stations, to be confirmed", "D", Effect.TRIGGER
    )
    alarm_kwh: float = parameter(1.0, "kWh", "alarm limit of master stations, to be confirmed", "D")
    restore_steps: float = parameter(
        1.0, "steps a register", "rounding of the registers", "D", Effect.RESTORE
    )
    trigger_days: float = parameter(2, "days", "two daily freezes", "D", Effect.ON_DELAY)
    gap_days: float = parameter(7, "days", "so many missing days end a stretch", "own", Effect.GAP)

    about: ClassVar[About] = About(
        name="register_tie_out",
        number="D01",
        kind=Kind.DAYS,
        needs=Needs(day_registers=REGISTERS, daily=True, archive=("meter",)),
        messages=("episode.register_tie_out",),
        severity=Severity.MINOR,
        dated=("trigger_kwh", "alarm_kwh", "restore_steps"),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode for each direction and stretch of days."""
        daily = window.daily
        if daily is None or not len(window.meters):
            return []
        known = registry.meter_by_id
        step = np.array([[known[m].resolution if m in known else np.nan] for m in window.meters])
        full = np.array([[10.0 ** known[m].digits if m in known else np.nan] for m in window.meters])
        found = []
        for stem in STEMS:
            total, rates, counted = _columns(daily, stem)
            apart = _apart(total, rates, full)
            rounding = (counted + 1) * step * (limit(self, "restore_steps", window, registry).values + 1e-6)
            delays = Delays(
                on=limit(self, "trigger_days", window, registry).values[:, 0],
                gap=limit(self, "gap_days", window, registry).values[:, 0],
            )
            trigger = np.maximum(limit(self, "trigger_kwh", window, registry).values, rounding)
            stretches = day_stretches(
                window, np.abs(apart), trigger=trigger, restore=np.minimum(rounding, trigger), delays=delays
            )
            limits = trigger, limit(self, "alarm_kwh", window, registry).values
            found += [
                day_episode(
                    self.about, window, registry, s, _said(daily, stem, s, (total, rates, apart), limits)
                )
                for s in stretches
            ]
        return found


def _said(
    daily: DailyRows,
    stem: str,
    stretch: Stretch,
    columns: tuple[Floats, Floats, Floats],
    limits: tuple[Floats, Floats],
) -> Said:
    total, rates, apart = columns
    trigger_kwh, alarm_kwh = (
        float(level[stretch.row, min(stretch.first, level.shape[1] - 1)]) for level in limits
    )
    days = np.abs(apart[stretch.row, stretch.first : stretch.end])
    known = days[~np.isnan(days)]
    most = float(known.max())
    grows = bool(len(known) > 1 and known[-1] > known[0] + trigger_kwh)
    rows = {"total_kwh": total, "rates_kwh": rates, "apart_kwh": apart}
    return Said(
        key=stem,
        message="episode.register_tie_out",
        parameters={
            "register": stem,
            "apart_kwh": round(most, 3),
            "limit_kwh": round(trigger_kwh, 3),
            "days": len(known),
        },
        severity=Severity.MAJOR if grows or most > alarm_kwh else None,
        evidence={
            "register": stem,
            "grows": grows,
            "days": day_rows(daily, stretch, rows),
            "side": "the meter's own registers, before CT and PT",
        },
    )


def _apart(total: Floats, rates: Floats, full: Floats) -> Floats:
    """Return the total less the rates, the shorter way round the register's range ``full``."""
    return (total - rates + full / 2.0) % full - full / 2.0


def _columns(daily: DailyRows, stem: str) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Return total, sum of the rates that a meter has (missing if one of them is), and how many those are."""
    nothing = np.full(daily.kwh.shape, np.nan)
    rates = [daily.registers.get(Quantity(f"{stem}_t{number}"), nothing) for number in RATES]
    has = [np.isfinite(rate).any(axis=1, keepdims=True) for rate in rates]
    summed: Floats = np.sum([np.where(own, rate, 0.0) for own, rate in zip(has, rates, strict=True)], axis=0)
    counted: NDArray[np.intp] = np.asarray(np.sum(has, axis=0, dtype=np.intp))
    return (
        daily.registers.get(Quantity(stem), nothing),
        np.where(counted > 0, summed, np.nan),
        counted,
    )
