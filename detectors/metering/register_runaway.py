"""A register that runs away (电能表飞走, D03): it counts a multiple of its power, or more than can flow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.evidence import day_rows, slot_curves
from detectors.hysteresis import Delays, Stretch
from detectors.metering.power_energy import (
    QUANTITIES,
    SlotEnergies,
    day_basic_kw,
    ratio_changes,
    slot_energies,
    stretch_kwh,
)
from detectors.ratings import Ratings, ratings
from detectors.shapes import Said, day_episode, day_stretches, slot_episode, slot_mask_stretches
from detectors.stretches import number
from detectors.thresholds import limit
from pipeline.block import MeterMatrix
from pipeline.daily_reduction import day_most
from pipeline.daily_rows import DailyRows
from pipeline.model import Episode, MeterId, Severity
from pipeline.registry import Registry
from pipeline.timegrid import begin_in, from_numpy

_TERMINAL = "collecting terminals, 飞走 rule"
_DAY_H = 24.0
_DAY_SLOTS_H = 24.0
_NOWHERE = -np.inf
"""The capacity of a slot in which a meter hangs nowhere: no day's greatest is one of these."""
RATING, CAPACITY = "rating", "capacity"

Floats = NDArray[np.float64]


@detectors.register("register_runaway")
@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRunaway:
    """Compares each slot with the greater of the powers at its ends, and each day with what can flow.

    A load that is on between two readings only looks like a runaway of a slot or two. So the register must
    also count faster than any power that was read within a day around. Days on which the archive changes
    the ratio are not judged. Days are held against the archive's ``max_current_a`` and the day's contract's
    ``capacity_kva``; where neither is filed nobody knows what can flow, and no day accuses the meter.
    """

    trigger_ratio: float = parameter(10, "1", _TERMINAL, "S", Effect.TRIGGER)
    restore_ratio: float = parameter(5, "1", "half of the trigger", "own", Effect.RESTORE)
    least_counted_kwh: float = parameter(
        0.1, "kWh in 15 min on the meter's side", f"{_TERMINAL}: less is ignored", "S"
    )
    least_power_kwh: float = parameter(
        0.01,
        "kWh in 15 min on the meter's side",
        f"{_TERMINAL}, second code base: less is taken as this",
        "S",
    )
    day_factor: float = parameter(
        1.2, "times what can flow in a day", "master stations, to be confirmed", "D", Effect.TRIGGER
    )
    trigger_slots: float = parameter(2, "slots", f"{_TERMINAL}: two good points", "S", Effect.ON_DELAY)
    restore_slots: float = parameter(1, "slots", "first good slot", "own", Effect.OFF_DELAY)
    gap_slots: float = parameter(8, "slots", "so many missing slots end a stretch", "own", Effect.GAP)
    trigger_days: float = parameter(1, "days", "master stations, to be confirmed", "D", Effect.ON_DELAY)
    gap_days: float = parameter(7, "days", "so many missing days end a stretch", "own", Effect.GAP)

    about: ClassVar[About] = About(
        name="register_runaway",
        number="D03",
        kind=Kind.SLOTS,
        needs=Needs(
            quantities=QUANTITIES,
            interval_energy=True,
            daily=True,
            essential=("interval_energy",),
            archive=("meter", "ratio", "contract", "installation"),
        ),
        messages=(
            "episode.register_runaway",
            "episode.register_runaway_rating",
            "episode.register_runaway_capacity",
        ),
        severity=Severity.MAJOR,
        dated=("trigger_ratio", "restore_ratio", "least_counted_kwh", "least_power_kwh", "day_factor"),
        version=2,
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode for each stretch of slots, and for each of days that no such stretch explains."""
        if not len(window.meters) or not len(window.starts_at):
            return []
        rated = ratings(window, registry)
        by_power = list(self._by_power(window, registry, rated))
        told = {(e.meter, e.starts_at, e.ends_at) for e in by_power}
        days = [
            e
            for e in self._by_days(window, registry, rated)
            if not any(
                meter == e.meter
                and (ends is None or e.starts_at < ends)
                and (e.ends_at is None or begins < e.ends_at)
                for meter, begins, ends in told
            )
        ]
        return [*by_power, *days]

    def _by_power(self, window: MeterMatrix, registry: Registry, rated: Ratings) -> Iterator[Episode]:
        energies = slot_energies(window, rated)
        scale = rated.ratio * window.minutes / 15.0
        counted, most = energies.counted_kwh, energies.most_kwh()
        trigger = limit(self, "trigger_ratio", window, registry)
        restore = limit(self, "restore_ratio", window, registry)
        floor = limit(self, "least_power_kwh", window, registry).values * scale
        np.maximum(most, floor, out=most)
        begins = counted > trigger.values * most
        begins &= counted > limit(self, "least_counted_kwh", window, registry).values * scale
        if not begins.any():
            return
        begins &= counted > _peak_kw(energies) * energies.hours
        on, off, gap = (
            limit(self, name, window, registry).values[:, 0]
            for name in ("trigger_slots", "restore_slots", "gap_slots")
        )
        known = np.isfinite(counted) & np.isfinite(most)
        restored = counted <= restore.values * most
        for stretch in slot_mask_stretches(
            window, begins, restored, known, delays=Delays(on=on, off=off, gap=gap)
        ):
            said = _said(window, energies, stretch, trigger.at(stretch.row, stretch.first))
            yield slot_episode(self.about, window, registry, stretch, said)

    def _by_days(self, window: MeterMatrix, registry: Registry, rated: Ratings) -> Iterator[Episode]:
        daily = window.daily
        if daily is None:
            return
        factor = limit(self, "day_factor", window, registry, Kind.DAYS).values
        delays = Delays(
            on=limit(self, "trigger_days", window, registry).values[:, 0],
            gap=limit(self, "gap_days", window, registry).values[:, 0],
        )
        kwh = _unchanged(window, daily, registry)
        rating = day_basic_kw(window, daily, rated, rated.max_a) * _DAY_H * factor
        capacity = _capacity_kva(window, daily, registry) * _DAY_H * factor
        for most, what in ((rating, RATING), (capacity, CAPACITY)):
            # What the meter itself cannot measure is told once.
            seen = kwh if what is RATING else np.where(kwh > rating, np.nan, kwh)
            for stretch in day_stretches(window, seen, trigger=most, restore=most, delays=delays):
                said = _said_of_days(daily, stretch, np.broadcast_to(most, kwh.shape), what)
                yield day_episode(self.about, window, registry, stretch, said)


def _peak_kw(energies: SlotEnergies) -> Floats:
    """Return for each slot the highest power that was read within a day or so around it."""
    power, size = energies.power_kw, max(round(_DAY_SLOTS_H / energies.hours), 1)
    firsts = np.arange(0, power.shape[1], size)
    highest = np.fmax.reduceat(power, firsts, axis=1)
    around = highest.copy()
    around[:, 1:] = np.fmax(around[:, 1:], highest[:, :-1])
    around[:, :-1] = np.fmax(around[:, :-1], highest[:, 1:])
    return np.repeat(around, size, axis=1)[:, : power.shape[1]]


def _unchanged(window: MeterMatrix, daily: DailyRows, registry: Registry) -> Floats:
    """Return the energy of the days on which the ratio stayed what it was."""
    changes = ratio_changes(window, registry)
    if not changes:
        return daily.kwh
    kwh = daily.kwh.copy()
    for row, instants in changes.items():
        for at in instants:
            day = np.datetime64(at.astimezone(daily.zones[row]).date())
            kwh[row, daily.days == day] = np.nan
    return kwh


def _capacity_kva(window: MeterMatrix, daily: DailyRows, registry: Registry) -> Floats:
    """Return the greatest capacity that each day's contracts give where each meter hangs.

    Shape (meters, days); NaN where one of them names none or there is none.
    """
    found = np.full(daily.kwh.shape, np.nan)
    changing: dict[int, Floats] = {}
    first, last = from_numpy(window.starts_at[0]), from_numpy(window.starts_at[-1])
    for row, meter in enumerate(window.meters):
        if any(first < at <= last for at in _edges(registry, meter)):
            changing[row] = _kva_of(window, registry, meter)
            continue
        point = registry.service_point_of(meter, first)
        contract = None if point is None else registry.contract_of(point, first)
        if contract is not None and contract.capacity_kva:
            found[row] = contract.capacity_kva
    if changing:
        rows = np.array(list(changing), np.intp)
        by_day = day_most(window, daily, np.stack(list(changing.values())), rows)
        found[rows] = np.where(by_day == _NOWHERE, np.nan, by_day)
    return found


def _edges(registry: Registry, meter: MeterId) -> Iterator[datetime]:
    """Yield when a meter came or went, and when what was agreed where it ever hung began or ended."""
    for stay in registry.installations_by_meter.get(meter, ()):
        for entry in (stay, *registry.contracts_by_point.get(stay.service_point or "", ())):
            if entry.starts_at is not None:
                yield entry.starts_at
            if entry.ends_at is not None:
                yield entry.ends_at


def _kva_of(window: MeterMatrix, registry: Registry, meter: MeterId) -> Floats:
    """Return the capacity where a meter hangs, shape (slots,); NaN where none is filed."""
    kva = np.full(len(window.starts_at), _NOWHERE)
    for stay in registry.installations_by_meter.get(meter, ()):
        there = begin_in(window.starts_at, stay.starts_at, stay.ends_at)
        kva[there] = np.nan
        for contract in registry.contracts_by_point.get(stay.service_point or "", ()):
            held = begin_in(window.starts_at, contract.starts_at, contract.ends_at)
            kva[there & held] = contract.capacity_kva or np.nan
    return kva


def _said(window: MeterMatrix, energies: SlotEnergies, stretch: Stretch, limit_ratio: float) -> Said:
    counted, shown = stretch_kwh(energies, stretch)
    ratio = counted / shown if shown > 0 else None
    return Said(
        key="power",
        message="episode.register_runaway",
        parameters={
            "counted_kwh": round(counted, 3),
            "power_kwh": round(shown, 3),
            "hours": round((stretch.end - stretch.first) * window.minutes / 60.0, 2),
        },
        energy_kwh=round(max(counted - shown, 0.0), 3),
        evidence={
            "ratio": None if ratio is None else number(ratio),
            "limit_ratio": limit_ratio,
            "counted_kwh": number(counted),
            "by_power_kwh": number(shown),
            "correction": {
                "factor": number(shown / counted, 4),
                "metered_kwh": number(counted),
                "missing_kwh": number(shown - counted),
                "how": "mean of the powers at both ends of each slot, less what the register counted",
            },
            "curves": slot_curves(
                window,
                stretch,
                {"counted": energies.counted_kwh / energies.hours, "active_power": energies.power_kw},
                unit="kW",
            ),
        },
    )


def _said_of_days(daily: DailyRows, stretch: Stretch, most: Floats, what: str) -> Said:
    where = slice(stretch.first, stretch.end)
    kwh, limits = daily.kwh[stretch.row, where], most[stretch.row, where]
    top = int(np.nanargmax(kwh))
    return Said(
        key=what,
        message=f"episode.register_runaway_{what}",
        parameters={
            "day_kwh": round(float(kwh[top]), 1),
            "limit_kwh": round(float(limits[top]), 1),
            "days": int((kwh > limits).sum()),
        },
        energy_kwh=round(float(np.nansum(np.maximum(kwh - limits, 0.0))), 3),
        evidence={
            "limit_kwh": number(float(limits[top])),
            "first_to_check": "the ratio of the current transformers in the archive against the plate",
            "energy_means": "what is above the limit; with a wrong ratio all of it is wrong by one factor",
            "days": day_rows(daily, stretch, {"kwh": daily.kwh, "coverage": daily.coverage}),
        },
    )
