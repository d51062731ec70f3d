"""Reverse energy (反向电量异常, D31): a customer without a generator feeds energy back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import About, Effect, Kind, Needs, detectors, parameter
from detectors.evidence import day_rows
from detectors.hysteresis import Delays, Stretch
from detectors.shapes import Said, day_episode, day_stretches
from detectors.stretches import number
from detectors.thresholds import limit
from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.model import Episode, Json, MeterId, Severity
from pipeline.registry import Registry, Role
from pipeline.timegrid import local_clock, to_numpy

EXPORT = "export_kwh"


@detectors.register("reverse_energy")
@dataclass(frozen=True, slots=True, kw_only=True)
class ReverseEnergy:
    """Looks at the export of local days at main meters whose contract declares no generation.

    A day known in part proves reverse energy if that part is too much, and nothing if it is not. A meter that
    hangs nowhere, a check or sub meter, and one that feeds an area are not judged.
    """

    trigger_kwh: float = parameter(
        1.0, "kWh a day", "limit of master stations, to be confirmed", "D", Effect.TRIGGER
    )
    restore_kwh: float = parameter(0.5, "kWh a day", "half the limit", "own", Effect.RESTORE)
    trigger_days: float = parameter(2, "days", "two daily freezes", "D", Effect.ON_DELAY)
    restore_days: float = parameter(
        3, "days", "panels give nothing on a few dark days in a row", "own", Effect.OFF_DELAY
    )
    gap_days: float = parameter(7, "days", "so many unknown days end a stretch", "own", Effect.GAP)
    whole_coverage: float = parameter(0.98, "1", "share of a day's slots that makes it whole", "own")

    about: ClassVar[About] = About(
        name="reverse_energy",
        number="D31",
        version=2,
        kind=Kind.DAYS,
        needs=Needs(
            energies=(EXPORT,),
            interval_energy=True,
            daily=True,
            essential=("energies",),
            archive=("installation", "contract", "area_member"),
        ),
        messages=("episode.reverse_energy",),
        severity=Severity.MAJOR,
        dated=("trigger_kwh", "restore_kwh"),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return one episode a meter and stretch of days."""
        daily = window.daily
        if daily is None or not len(window.meters) or EXPORT not in daily.energies:
            return []
        export = daily.energies[EXPORT]
        trigger = limit(self, "trigger_kwh", window, registry)
        high = export > trigger.values
        if not high.any():
            return []
        judged = np.zeros(export.shape, dtype=np.bool_)
        days = {zone: _Days(daily, daily.zones.index(zone)) for zone in dict.fromkeys(daily.zones)}
        for row in np.flatnonzero(high.any(axis=1)).tolist():
            judged[row] = days[daily.zones[row]].judged(registry, window.meters[row])
        tells = judged & ((daily.coverage >= self.whole_coverage) | high)
        on, off, gap = (
            limit(self, name, window, registry).values[:, 0]
            for name in ("trigger_days", "restore_days", "gap_days")
        )
        stretches = day_stretches(
            window,
            np.where(tells, export, np.nan),
            trigger=trigger.values,
            restore=limit(self, "restore_kwh", window, registry).values,
            delays=Delays(on=on, off=off, gap=gap),
        )
        return [
            day_episode(self.about, window, registry, s, _said(window, daily, s, trigger.at(s.row, s.first)))
            for s in stretches
        ]


class _Days:
    """The edges of a zone's local days, as columns."""

    def __init__(self, daily: DailyRows, row: int) -> None:
        spans = [daily.span(row, day, day + 1) for day in range(len(daily.days))]
        self._first = np.array([to_numpy(first) for first, _ in spans])
        self._last = np.array([to_numpy(last) for _, last in spans])

    def judged(self, registry: Registry, meter: MeterId) -> NDArray[np.bool_]:
        """Return those on which a meter is a customer's main one and nobody declared a generator."""
        judged = np.zeros(len(self._first), dtype=np.bool_)
        for placed in registry.installations_by_meter.get(meter, ()):
            point = placed.service_point
            if point is not None and placed.role is Role.MAIN:
                hung = self._within(placed.starts_at, placed.ends_at)
                judged |= hung & ~self._supplying(registry, point) & ~self._declared(registry, point)
        return judged

    def _supplying(self, registry: Registry, point: str) -> NDArray[np.bool_]:
        """Return those on which a point supplies an area, be it for a part of the day."""
        supplying = np.zeros(len(self._first), dtype=np.bool_)
        for member in registry.supplying_by_point.get(point, ()):
            supplying |= self._touched(member.starts_at, member.ends_at)
        return supplying

    def _declared(self, registry: Registry, point: str) -> NDArray[np.bool_]:
        """Return those that begin under a contract with generation; of two contracts the later one counts."""
        declared = np.zeros(len(self._first), dtype=np.bool_)
        for contract in registry.contracts_by_point.get(point, ()):
            declared[self._begin_in(contract.starts_at, contract.ends_at)] = contract.generation
        return declared

    def _within(self, begins: datetime | None, ends: datetime | None) -> NDArray[np.bool_]:
        inside = np.ones(len(self._first), dtype=np.bool_)
        if begins is not None:
            inside &= self._first >= to_numpy(begins)
        if ends is not None:
            inside &= self._last <= to_numpy(ends)
        return inside

    def _touched(self, begins: datetime | None, ends: datetime | None) -> NDArray[np.bool_]:
        touched = np.ones(len(self._first), dtype=np.bool_)
        if begins is not None:
            touched &= self._last > to_numpy(begins)
        if ends is not None:
            touched &= self._first < to_numpy(ends)
        return touched

    def _begin_in(self, begins: datetime | None, ends: datetime | None) -> NDArray[np.bool_]:
        inside = np.ones(len(self._first), dtype=np.bool_)
        if begins is not None:
            inside &= self._first >= to_numpy(begins)
        if ends is not None:
            inside &= self._first < to_numpy(ends)
        return inside


def _said(window: MeterMatrix, daily: DailyRows, stretch: Stretch, limit_kwh: float) -> Said:
    export = daily.energies[EXPORT][stretch.row, stretch.first : stretch.end]
    energy = float(np.nansum(export))
    days = int((export > limit_kwh).sum())
    return Said(
        message="episode.reverse_energy",
        parameters={
            "energy_kwh": round(energy, 3),
            "max_day_kwh": round(float(np.nanmax(export)), 3),
            "days": days,
            "limit_kwh": limit_kwh,
        },
        energy_kwh=round(energy, 3),
        evidence={
            "max_day_kwh": number(float(np.nanmax(export))),
            "by_hour": _by_hour(window, daily, stretch),
            "days": day_rows(
                daily, stretch, {EXPORT: daily.energies[EXPORT], "kwh": daily.kwh, "coverage": daily.coverage}
            ),
            "wanted_entries": ["generation = true of the [[contract]], if a generator is declared"],
        },
    )


def _by_hour(window: MeterMatrix, daily: DailyRows, stretch: Stretch) -> list[Json]:
    """Return the reverse energy of the local hours that have any: panels give around noon.

    Empty where only daily rows are known.
    """
    column = window.energies.get(EXPORT)
    if column is None or not len(window.starts_at):
        return []
    edges = [to_numpy(edge) for edge in daily.span(stretch.row, stretch.first, stretch.end)]
    first, end = np.searchsorted(window.starts_at, edges)
    hours = local_clock(window.starts_at[first:end], daily.zones[stretch.row])[1] // 60
    kwh = np.nan_to_num(column[stretch.row, first:end])
    summed = np.bincount(hours, weights=kwh, minlength=24)
    return [
        {"hour": f"{hour:02d}:00", EXPORT: number(summed[hour])} for hour in np.flatnonzero(summed).tolist()
    ]
