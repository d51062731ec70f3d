"""A register that stands still (电能表停走, D04) while the meter's own power says that energy flows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.evidence import slot_curves
from detectors.hysteresis import Delays, Stretch, unbroken_runs
from detectors.metering.power_energy import QUANTITIES, SlotEnergies, slot_energies, stretch_kwh
from detectors.ratings import ratings
from detectors.shapes import Said, slot_episode, slot_mask_stretches
from detectors.stretches import number
from detectors.thresholds import limit
from pipeline.block import MeterMatrix
from pipeline.model import Episode, Severity
from pipeline.quantities import Quantity
from pipeline.registry import Registry

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@detectors.register("register_stopped")
@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterStopped:
    """Adds up, slot by slot, the energy that flows while the register does not move, on the meter's own side.

    Of the powers at both ends of a slot the smaller counts: what was on at one reading only may have been on
    for a moment. Slots without register or power are unknown, and so is a meter that the archive lacks.
    """

    trigger_kwh: float = parameter(
        0.1, "kWh on the meter's side", "collecting terminals, 停走 rule (a)", "S", Effect.TRIGGER
    )
    restore_kwh: float = parameter(
        0.0, "kWh a slot on the meter's side", "the register moves again", "S", Effect.RESTORE
    )
    trigger_slots: float = parameter(
        2, "slots", "two slots, so that three readings of power agree", "own", Effect.ON_DELAY
    )
    restore_slots: float = parameter(1, "slots", "first slot that is counted", "own", Effect.OFF_DELAY)
    gap_slots: float = parameter(8, "slots", "so many missing slots end a stretch", "own", Effect.GAP)

    about: ClassVar[About] = About(
        name="register_stopped",
        number="D04",
        kind=Kind.SLOTS,
        needs=Needs(
            quantities=QUANTITIES,
            interval_energy=True,
            registers=(Quantity.ACTIVE_ENERGY_IMPORT,),
            essential=("interval_energy", "quantities"),
            archive=("meter", "ratio"),
        ),
        suppressed_by=("outage",),
        messages=("episode.register_stopped",),
        severity=Severity.CRITICAL,
        dated=("trigger_kwh", "restore_kwh"),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode for each stretch in which the register stood still."""
        if not len(window.meters) or not len(window.starts_at):
            return []
        rated = ratings(window, registry)
        step = rated.ratio
        still = window.import_kwh <= limit(self, "restore_kwh", window, registry).values * step
        if not still.any():
            return []
        energies = slot_energies(window, rated)
        least = energies.least_kwh()
        known = np.isfinite(energies.counted_kwh) & np.isfinite(least)
        trigger = limit(self, "trigger_kwh", window, registry)
        begins = _runs_above(still & (least > 0), least, trigger.values * step)
        on, off, gap = (
            limit(self, name, window, registry).values[:, 0]
            for name in ("trigger_slots", "restore_slots", "gap_slots")
        )
        stretches = slot_mask_stretches(window, begins, ~still, known, delays=Delays(on=on, off=off, gap=gap))
        return [
            slot_episode(
                self.about,
                window,
                registry,
                s,
                _said(window, energies, s, trigger.at(s.row, s.first) * rated.ratio_at(s.row, s.first)),
            )
            for s in stretches
        ]


def _runs_above(mask: Bools, amounts: Floats, least: Floats) -> Bools:
    """Return the unbroken runs of ``mask`` over which ``amounts`` add up to more than ``least``."""
    rows, columns = mask.shape
    row, first, end = unbroken_runs(mask)
    found = np.zeros(mask.shape, dtype=np.bool_)
    if not len(row):
        return found
    sums = np.zeros((rows, columns + 1))
    np.cumsum(np.where(mask, amounts, 0.0), axis=1, out=sums[:, 1:])
    level = np.broadcast_to(least, mask.shape)[row, first]
    above = sums[row, end] - sums[row, first] > level
    edges = np.zeros((rows, columns + 1), dtype=np.int8)
    edges[row[above], first[above]] = 1
    edges[row[above], end[above]] = -1
    np.cumsum(edges[:, :-1], axis=1, out=found.view(np.int8))
    return found


def _said(window: MeterMatrix, energies: SlotEnergies, stretch: Stretch, limit_kwh: float) -> Said:
    counted, shown = stretch_kwh(energies, stretch)
    missing = max(shown - counted, 0.0)
    register = _register(window, stretch)
    highest = float(np.nanmax(energies.power_kw[stretch.row, stretch.first : stretch.end]))
    return Said(
        message="episode.register_stopped",
        parameters={
            "hours": round((stretch.end - stretch.first) * window.minutes / 60.0, 2),
            "energy_kwh": round(missing, 3),
            "max_kw": round(highest, 3),
        },
        energy_kwh=round(missing, 3),
        evidence={
            "register": "active_energy_import",
            "register_kwh": register,
            "counted_kwh": number(counted),
            "by_power_kwh": number(shown),
            "limit_kwh": number(limit_kwh),
            "correction": {
                "factor": None,
                "metered_kwh": number(counted),
                "missing_kwh": number(missing),
                "how": "mean of the powers at both ends of each slot, less what the register counted",
            },
            "power": slot_curves(window, stretch, {"active_power": energies.power_kw}, unit="kW"),
            "counted": slot_curves(window, stretch, {"import_kwh": window.import_kwh}, unit="kWh a slot"),
        },
    )


def _register(window: MeterMatrix, stretch: Stretch) -> float | None:
    """Return where the register stood, on the meter's own side; None where it was not read."""
    column = window.registers.get(Quantity.ACTIVE_ENERGY_IMPORT)
    if column is None:
        return None
    read = column[stretch.row, stretch.first : stretch.end]
    known = read[np.isfinite(read)]
    return number(float(known[-1])) if len(known) else None
