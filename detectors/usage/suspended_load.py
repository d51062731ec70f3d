"""Load during suspended service (暂停期间用电): one episode a suspension, with the penalty basis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import numpy as np

from detectors.catalogue import About, Effect, Kind, Needs, Together, Whole, detectors, parameter
from detectors.engine import episode_id
from detectors.stretches import curve, iso, number, slot_end
from detectors.thresholds import at_point
from detectors.usage.service_point_load import ServicePointLoad, service_point_load
from detectors.usage.suspension_findings import (
    Debounce,
    SuspensionFindings,
    day_rows,
    findings,
    first_and_end,
)
from detectors.usage.suspension_terms import LoadLimit, load_limit, penalty_basis
from pipeline.block import MeterMatrix
from pipeline.contracts import Suspension
from pipeline.model import Episode, Json, MeterId, Severity, Verdict
from pipeline.quantities import Quantity
from pipeline.registry import Registry, Role
from pipeline.timegrid import from_numpy, to_numpy

MOST_POINTS = 2000
"""Points of the load curve that an episode carries."""
CURVE_MARGIN_SLOTS = 8
"""Slots shown before and after the days concerned."""
_ACTIVE = "net import of main meters less meters to subtract, actual intervals only"
_APPARENT = f"{_ACTIVE}; active power, with reactive power where measured, against kVA"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspendedLoad:
    """Finds load above what a suspension allows, in at least two actual slots in a row."""

    trigger_slots: float = parameter(2, "slots", "two points, as terminals do", "D", Effect.ON_DELAY)
    floor_kw: float = parameter(
        0.5, "kW", "full suspension without set-point or declared auxiliaries", "own", Effect.TRIGGER
    )
    partial_factor: float = parameter(
        1.05, "1", "5 % above the capacity still running, as for contract demand", "D", Effect.TRIGGER
    )
    most_step_share: float = parameter(
        0.05,
        "1",
        "share of a register step in a slot's energy above which the maximum is a measured power",
        "own",
    )
    late_slots: float = parameter(
        8, "slots", "missing slots at the end of the data that may still be on their way", "own", Effect.GAP
    )

    about: ClassVar[About] = About(
        name="suspended_load",
        number="D15",
        kind=Kind.RECORDS,
        together=Together.POINT,
        needs=Needs(
            quantities=(Quantity.REACTIVE_POWER, Quantity.DEMAND_IMPORT),
            interval_energy=True,
            essential=("interval_energy",),
            archive=("suspension", "installation", "contract", "ratio", "area"),
        ),
        messages=(
            "episode.suspended_load",
            "episode.suspended_load_unknown",
            "episode.suspended_load_no_reactive",
            "episode.suspended_load_coarse",
            "episode.suspended_load_no_meter",
        ),
        severity=Severity.CRITICAL,
        whole=Whole.SUSPENSION,
        dated=("trigger_slots", "floor_kw", "partial_factor", "most_step_share", "late_slots"),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return at most one episode a suspension: abnormal, or unknown where data is missing."""
        if len(window.meters) == 0 or len(window.starts_at) == 0:
            return []
        made = (self._judge(window, registry, suspension) for suspension in registry.suspensions)
        return sorted((e for e in made if e is not None), key=lambda e: (e.starts_at, e.id))

    def _judge(self, window: MeterMatrix, registry: Registry, suspension: Suspension) -> Episode | None:
        slots = slots_of(window, suspension)
        if slots.stop <= slots.start:
            return None
        placed = registry.installations_of(suspension.service_point)
        if not any(i.role is Role.MAIN for i in placed):
            return _no_meter(window, suspension, slots)
        load = service_point_load(window, registry, suspension.service_point, slots)
        if load is None:
            return None
        rule = at_point(self, registry, suspension.service_point, suspension.starts_at)
        limit = load_limit(suspension, floor_kw=rule.floor_kw, partial_factor=rule.partial_factor)
        zone = registry.zone_of(suspension.service_point)
        debounce = Debounce(trigger_slots=int(rule.trigger_slots), late_slots=int(rule.late_slots))
        found = findings(load, suspension, limit, zone, debounce)
        case = _Case(registry, suspension, load, limit, found, rule.most_step_share)
        if found.above.any():
            return case.abnormal()
        return case.unknown() if found.days_with(Verdict.UNKNOWN) else None


detectors.register("suspended_load")(SuspendedLoad)


def slots_of(window: MeterMatrix, suspension: Suspension) -> slice:
    """Return the slots that touch the suspension."""
    length = np.timedelta64(window.minutes * 60_000_000, "us")
    first = int(np.searchsorted(window.starts_at + length, to_numpy(suspension.starts_at), side="right"))
    if suspension.ends_at is None:
        return slice(first, len(window.starts_at))
    return slice(first, int(np.searchsorted(window.starts_at, to_numpy(suspension.ends_at), side="left")))


def _no_meter(window: MeterMatrix, suspension: Suspension, slots: slice) -> Episode:
    """The archive does not say whose readings to look at."""
    entry = f"[[installation]] of service point {suspension.service_point} with role main"
    starts_at = max(suspension.starts_at, from_numpy(window.starts_at[int(slots.start)]))
    return Episode(
        id=episode_id("suspended_load", suspension.service_point, f"{suspension.id} unknown"),
        detector=SuspendedLoad.about.name,
        version=SuspendedLoad.about.version,
        meter=MeterId(""),
        service_point=suspension.service_point,
        starts_at=starts_at,
        ends_at=suspension.ends_at,
        detected_at=slot_end(window.starts_at, slots.stop - 1, window.minutes),
        verdict=Verdict.UNKNOWN,
        severity=Severity.MINOR,
        score=0.0,
        message="episode.suspended_load_no_meter",
        parameters={
            "service_point": suspension.service_point,
            "suspension": suspension.id,
            "entry": entry,
        },
        evidence={"suspension": _suspension_facts(suspension), "wanted_entries": [entry]},
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """One suspension with all that is known about it; writes its episode."""

    registry: Registry
    suspension: Suspension
    load: ServicePointLoad
    limit: LoadLimit
    found: SuspensionFindings
    most_step_share: float

    def abnormal(self) -> Episode:
        load, above = self.load, self.found.above
        first, end = first_and_end(above)
        days = len(self.found.days_with(Verdict.ABNORMAL))
        energy = float(load.kwh[above].sum())
        maximum = self._maximum()
        return Episode(
            id=episode_id(SuspendedLoad.about.name, self.suspension.service_point, self.suspension.id),
            detector=SuspendedLoad.about.name,
            version=SuspendedLoad.about.version,
            meter=load.meters[0],
            service_point=self.suspension.service_point,
            starts_at=from_numpy(load.starts_at[first]),
            ends_at=None if self._goes_on(end) else slot_end(load.starts_at, end - 1, load.minutes),
            detected_at=self._end_of_data(),
            verdict=Verdict.ABNORMAL,
            severity=Severity.CRITICAL,
            score=0.9 if any(day.by_energy for day in self.found.days) else 1.0,
            energy_kwh=round(energy, 3),
            message="episode.suspended_load",
            parameters={
                "service_point": self.suspension.service_point,
                "suspension": self.suspension.id,
                "max_kw": _float(maximum["kw"]),
                "limit_kw": self.limit.kw,
                "unit": self.limit.unit,
                "energy_kwh": round(energy, 3),
                "days": days,
            },
            evidence={
                **self._facts(),
                "maximum": maximum,
                "energy": self._energy(),
                "minutes_above": int(above.sum()) * load.minutes,
                "days_above": days,
                "penalty": penalty_basis(self.registry, self.suspension, days, _float(maximum["kw"])),
            },
        )

    def unknown(self) -> Episode:
        load, days = self.load, self.found.days_with(Verdict.UNKNOWN)
        first, last = int(days[0].slots[0]), int(days[-1].slots[-1])
        missing = any(day.missing for day in days)
        return Episode(
            id=episode_id(
                SuspendedLoad.about.name, self.suspension.service_point, f"{self.suspension.id} unknown"
            ),
            detector=SuspendedLoad.about.name,
            version=SuspendedLoad.about.version,
            meter=load.meters[0],
            service_point=self.suspension.service_point,
            starts_at=from_numpy(load.starts_at[first]),
            ends_at=slot_end(load.starts_at, last, load.minutes),
            detected_at=slot_end(load.starts_at, len(load.starts_at) - 1, load.minutes),
            verdict=Verdict.UNKNOWN,
            severity=Severity.MINOR,
            score=0.0,
            message=self._why_unknown(missing=missing),
            parameters={
                "service_point": self.suspension.service_point,
                "suspension": self.suspension.id,
                "days": len(days),
                "limit_kw": self.limit.kw,
            },
            evidence={
                **self._facts(),
                "energy": self._energy(),
                "unknown_days": [day.day.isoformat() for day in days],
            },
        )

    def _why_unknown(self, *, missing: bool) -> str:
        if missing:
            return "episode.suspended_load_unknown"
        if self.limit.is_apparent:
            return "episode.suspended_load_no_reactive"
        return "episode.suspended_load_coarse"

    def _facts(self) -> dict[str, Json]:
        """What both kinds of episode carry."""
        load = self.load
        return {
            "suspension": _suspension_facts(self.suspension),
            "overlapping_suspensions": self._overlapping(),
            "meters": list(load.meters),
            "meters_without_data": list(load.absent),
            "limit": {"value": self.limit.kw, "unit": self.limit.unit, "source": self.limit.source},
            "judged": _APPARENT if self.limit.is_apparent else _ACTIVE,
            "examined_from": iso(load.starts_at[0]),
            "examined_to": iso(slot_end(load.starts_at, len(load.starts_at) - 1, load.minutes)),
            "days": day_rows(load, self.found),
            "curve": self._curve(),
        }

    def _overlapping(self) -> list[Json]:
        """Other suspensions of the service point at the same time: their energy is not to be added up."""
        this = self.suspension
        return [
            other.id
            for other in sorted(self.registry.suspensions, key=lambda s: s.id)
            if other.service_point == this.service_point
            and other.id != this.id
            and (this.ends_at is None or other.starts_at < this.ends_at)
            and (other.ends_at is None or this.starts_at < other.ends_at)
        ]

    def _maximum(self) -> dict[str, Json]:
        """The highest power above the limit, from the source that shows it best."""
        load = self.load
        slots = np.flatnonzero(self.found.above)
        top = int(slots[load.kw[slots].argmax()])
        margin_kw = load.step_kwh[top] * 60.0 / load.minutes
        share = float(load.step_kwh[top] / load.kwh[top]) if load.kwh[top] > 0 else np.inf
        facts: dict[str, Json] = {"step_kwh": number(load.step_kwh[top], 6), "step_share": number(share, 4)}
        if share <= self.most_step_share:
            return {**facts, **_peak(load, top, load.kw), "source": "interval energy"}
        for source, values in (("measured power", load.power_kw), ("measured demand", load.demand_kw)):
            known = slots[np.isfinite(values[slots])]
            if len(known):
                best = int(known[values[known].argmax()])
                return {**facts, **_peak(load, best, values), "source": source}
        return {
            **facts,
            **_peak(load, top, load.kw),
            "source": "interval energy, one register step is a large share of it and no power was measured",
            "uncertainty_kw": number(margin_kw),
        }

    def _energy(self) -> dict[str, Json]:
        load, inside = self.load, self.found.inside
        known = inside & np.isfinite(load.kwh)
        return {
            "above_kwh": number(float(load.kwh[self.found.above].sum())),
            "above_means": "all energy of the slots above the limit, not only the part above it",
            "suspension_kwh": number(float(load.kwh[known].sum())),
            "of_which_estimated_kwh": number(float(load.kwh[known & ~load.actual].sum())),
            "suspension_means": "all known energy of the slots wholly inside the suspension and the window",
        }

    def _curve(self) -> dict[str, Json]:
        """The slots of the days that are not normal, with a margin, so that a page can draw them."""
        load = self.load
        shown = np.zeros(len(load.starts_at), dtype=np.bool_)
        for day in self.found.days:
            if day.verdict is not Verdict.NORMAL:
                first, last = int(day.slots[0]) - CURVE_MARGIN_SLOTS, int(day.slots[-1]) + CURVE_MARGIN_SLOTS
                shown[max(first, 0) : last + 1] = True
        chosen = np.flatnonzero(shown)
        return {
            "unit": "kW",
            "minutes": load.minutes,
            "limit": self.limit.kw,
            "points": curve(load.starts_at, load.kw, chosen, MOST_POINTS),
            "each_point": "highest slot" if len(chosen) > MOST_POINTS else "slot",
        }

    def _end_of_data(self) -> datetime:
        last = int(np.flatnonzero(np.isfinite(self.load.kwh))[-1])
        return slot_end(self.load.starts_at, last, self.load.minutes)

    def _goes_on(self, end: int) -> bool:
        """Whether the last known slot is still above the limit while the suspension lasts."""
        known = np.flatnonzero(self.found.judged & np.isfinite(self.load.kwh))
        window_end = slot_end(self.load.starts_at, len(self.load.starts_at) - 1, self.load.minutes)
        lasts = self.suspension.ends_at is None or self.suspension.ends_at > window_end
        return lasts and end - 1 == int(known[-1])


def _peak(load: ServicePointLoad, slot: int, values: np.ndarray) -> Mapping[str, Json]:
    return {"kw": round(float(values[slot]), 3), "at": iso(load.starts_at[slot])}


def _suspension_facts(suspension: Suspension) -> Mapping[str, Json]:
    return {
        "id": suspension.id,
        "kind": suspension.kind.value,
        "from": iso(suspension.starts_at),
        "to": None if suspension.ends_at is None else iso(suspension.ends_at),
        "remaining_kva": suspension.remaining_kva,
    }


def _float(value: Json) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
