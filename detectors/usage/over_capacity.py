"""Over the contract's capacity or demand (超容、超需量用电, D18), and the demand that a month heads for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from analysis.forecast.days_off import usual_days_off
from analysis.forecast.history import Question, history_of, lacking
from analysis.forecast.maxima import HEADROOM, month_end
from detectors.catalogue import About, Effect, Kind, Needs, Together, detectors, parameter
from detectors.hysteresis import Delays, stretches_of
from detectors.ratings import shown_ratios
from detectors.shapes import Said, record_episode
from detectors.stays import end_of
from detectors.stretches import curve, iso, number, slot_end
from detectors.thresholds import at_point, limit_at_point
from detectors.usage.over_capacity_terms import capacity_penalty, demand_charge
from detectors.usage.service_point_load import ServicePointLoad, service_point_load
from pipeline.block import MeterMatrix
from pipeline.contracts import BasicCharge, Contract
from pipeline.model import Episode, Json, MeterId, Severity
from pipeline.quantities import Quantity
from pipeline.registry import Registry, Role
from pipeline.tariff import Tariff
from pipeline.timegrid import MINUTES_PER_DAY, from_numpy, local_clock, local_month, to_numpy

Floats = NDArray[np.float64]
TOP = 10
MOST_POINTS = 500
MARGIN_SLOTS = 96
DEMAND_MINUTES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class OverCapacity:
    """Judges what a service point draws, all its meters together, in actual slots of each contract's time.

    Apparent power counts against kVA; where reactive power is not known, active power alone can prove it.
    Demand counts by local months; the month that is not over yet is forecast (P90) from four weeks or more.
    """

    trigger: float = parameter(1.2, "of the capacity", "terminals' default", "S", Effect.TRIGGER)
    restore: float = parameter(1.05, "of the capacity", "terminals' default", "S", Effect.RESTORE)
    trigger_slots: float = parameter(2, "slots", "two points; terminals wait 5 minutes", "D", Effect.ON_DELAY)
    restore_slots: float = parameter(1, "slots", "first slot below", "own", Effect.OFF_DELAY)
    gap_slots: float = parameter(8, "slots", "so many missing slots end a stretch", "own", Effect.GAP)
    merge_slots: float = parameter(96, "slots", "days in a row are one episode", "own", Effect.GAP)
    demand: float = parameter(
        1.05, "of the contract's demand", "billing limit, 国家电网财 (2016) 633", "S", Effect.TRIGGER
    )

    about: ClassVar[About] = About(
        name="over_capacity",
        number="D18",
        version=2,
        kind=Kind.SLOTS,
        together=Together.POINT,
        needs=Needs(
            quantities=(Quantity.REACTIVE_POWER,),
            interval_energy=True,
            essential=("interval_energy",),
            archive=("contract", "installation", "ratio", "area", "tariff"),
        ),
        messages=("episode.over_capacity", "episode.over_demand", "episode.demand_projection"),
        severity=Severity.MAJOR,
        dated=("trigger", "restore", "demand"),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode for each stretch above a contract's capacity and each month above its demand."""
        if not window.import_kwh.size:
            return []
        most = _most_kva(window, registry)
        found: list[Episode] = []
        for contract in registry.contracts:
            capacity, demand = contract.capacity_kva, contract.contract_demand_kw
            if not capacity and not demand:
                continue
            slots = _slots_of(window, contract)
            bound = sum(most.get(meter, 0.0) for meter in _meters(registry, contract.service_point))
            if slots.stop <= slots.start:
                continue
            rule = at_point(self, registry, contract.service_point, end_of(window))
            levels = _Levels(
                *(
                    limit_at_point(self, name, registry, contract.service_point, window.starts_at[slots])
                    for name in ("trigger", "restore", "demand")
                )
            )
            limits = [capacity * float(levels.restore.min())] if capacity else []
            # What is forecast of the month may exceed what was drawn so far by so much.
            limits += [demand * float(levels.demand.min()) / HEADROOM] if demand else []
            if bound <= min(limits):
                continue
            load = service_point_load(window, registry, contract.service_point, slots)
            if load is not None and load.actual.any():
                found += _Point(rule, levels, registry, contract, load, window).episodes()
        return sorted(found, key=lambda e: (e.starts_at, e.id))


detectors.register("over_capacity")(OverCapacity)


@dataclass(frozen=True, slots=True)
class _Levels:
    """What is too much at each slot of a contract, as shares of what it agrees: shape (slots,)."""

    trigger: Floats
    restore: Floats
    demand: Floats


@dataclass(frozen=True, slots=True)
class _Point:
    """One service point while one contract holds."""

    rule: OverCapacity
    levels: _Levels
    registry: Registry
    contract: Contract
    load: ServicePointLoad
    window: MeterMatrix
    """All that is known, also of the time before this contract."""

    def episodes(self) -> Iterator[Episode]:
        """Yield what is wrong."""
        if self.contract.capacity_kva:
            yield from self._over_capacity(self.contract.capacity_kva)
        if self.contract.contract_demand_kw:
            yield from self._over_demand(self.contract.contract_demand_kw)

    def _over_capacity(self, capacity: float) -> Iterator[Episode]:
        load, rule = self.load, self.rule
        kw = np.where(load.actual, load.kw, np.nan)
        kvar = np.where(np.isfinite(load.kvar), load.kvar, 0.0)
        kva = np.hypot(np.maximum(kw, 0.0), kvar)
        delays = Delays(
            on=rule.trigger_slots,
            off=rule.restore_slots,
            gap=rule.gap_slots,
            merge=int(rule.merge_slots),
        )
        share = kva[None, :] / capacity
        begins, restored = share > self.levels.trigger, share <= self.levels.restore
        stretches = stretches_of(begins, restored, np.isfinite(share), delays)
        for s in stretches:
            inside = slice(s.first, s.end)
            above = np.flatnonzero(kva[inside] > capacity) + s.first
            top = above[np.argsort(kva[above])[::-1][:TOP]]
            days = len(set(self._days(above)))
            peak = float(kva[top[0]])
            hours = len(above) * load.minutes / 60
            said = Said(
                key=f"{self.contract.service_point} capacity",
                message="episode.over_capacity",
                parameters={
                    "service_point": self.contract.service_point,
                    "peak_kva": round(peak, 1),
                    "capacity_kva": capacity,
                    "percent": round(100.0 * peak / capacity, 1),
                    "hours": round(hours, 2),
                    "days": days,
                },
                energy_kwh=number(float(np.nansum(load.kwh[above]))),
                evidence={
                    "top": self._points(top, kva),
                    "hours_above": number(hours, 2),
                    "reactive_power_known": bool(np.isfinite(load.kvar[top]).all()),
                    "penalty": capacity_penalty(
                        self.contract, peak - capacity, days, self._tariff(int(s.first))
                    ),
                    "meters": list(load.meters),
                    "curve": self._curve(
                        s.first,
                        s.end,
                        kva,
                        "kVA",
                        {"capacity": capacity, "trigger": float(self.levels.trigger[s.first]) * capacity},
                    ),
                },
            )
            ends_at = None if s.is_open else slot_end(load.starts_at, s.end - 1, load.minutes)
            yield self._episode(said, from_numpy(load.starts_at[s.first]), ends_at)

    def _over_demand(self, contract_kw: float) -> Iterator[Episode]:
        load, limits_kw = self.load, self.levels.demand * contract_kw
        kw = _demand(np.where(load.actual, load.kw, np.nan), load.minutes)
        zone = self.registry.zone_of(self.contract.service_point)
        day, _ = local_clock(load.starts_at, zone)
        month = day.astype("datetime64[D]").astype("datetime64[M]")
        for this in np.unique(month):
            slots = np.flatnonzero(month == this)
            if not np.isfinite(kw[slots]).any():
                continue
            most = float(np.nanmax(kw[slots]))
            above = slots[kw[slots] > limits_kw[slots]]
            name = str(this)
            if len(above):
                top = above[np.argsort(kw[above])[::-1][:TOP]]
                limit_kw = float(limits_kw[above[0]])
                said = Said(
                    key=f"{self.contract.service_point} demand {name}",
                    message="episode.over_demand",
                    parameters={
                        **self._named(name, most, contract_kw),
                        "hours": len(above) * load.minutes / 60,
                    },
                    evidence={
                        "top": self._points(top, kw),
                        "charge": demand_charge(contract_kw, limit_kw, most, self._paid_by(int(above[0]))),
                        "meters": list(load.meters),
                        "curve": self._curve(
                            int(above[0]), int(above[-1]) + 1, kw, "kW", {"limit": limit_kw}
                        ),
                    },
                )
                yield self._episode(
                    said,
                    from_numpy(load.starts_at[int(above[0])]),
                    slot_end(load.starts_at, int(above[-1]), load.minutes),
                )
            elif this == month[-1]:
                last = int(np.flatnonzero(np.isfinite(kw))[-1])
                until = slot_end(load.starts_at, last, load.minutes)
                yield from self._projected(name, contract_kw, until, most)

    def _projected(self, name: str, contract_kw: float, until: datetime, so_far: float) -> Iterator[Episode]:
        """Yield the month that is not over yet, if it heads for more than is agreed.

        What was drawn before this contract is looked at too: what was agreed changed, not the customer.
        """
        point = self.contract.service_point
        load = service_point_load(self.window, self.registry, point, slice(None))
        if load is None or MINUTES_PER_DAY % load.minutes:
            return
        kwh = np.where(load.actual, load.kwh, np.nan)[None, :]
        zone = self.registry.zone_of(point)
        question = Question(at=until, slots=1, minutes=load.minutes, zone=zone, days_off=usual_days_off(zone))
        history = history_of(kwh, load.starts_at, question)
        if any(lack is not None for lack in lacking(history, question.rows_ahead)):
            return
        month = month_end(history, kwh, load.starts_at)
        p50, p90 = float(month.p50_kw[0]), float(month.p90_kw[0])
        is_over = f"{month.year}-{month.month:02}" != name
        # NaN, where the past has too few errors to learn from, is not above anything.
        limit_kw = float(self.levels.demand[-1]) * contract_kw
        if is_over or not p90 > limit_kw:
            return
        said = Said(
            key=f"{point} projection {name}",
            message="episode.demand_projection",
            severity=Severity.INFO,
            score=0.5,
            parameters={**self._named(name, p90, contract_kw), "so_far_kw": round(so_far, 1)},
            evidence={
                "p50_kw": number(p50, 2),
                "p90_kw": number(p90, 2),
                "days_left": number(month.days_left, 2),
                "charge_if_so": demand_charge(contract_kw, limit_kw, p90, self._paid_by(-1)),
                "meters": list(load.meters),
            },
        )
        begins = local_month(month.year, month.month, zone)[0]
        first = int(np.searchsorted(self.load.starts_at, to_numpy(begins)))
        yield self._episode(said, from_numpy(self.load.starts_at[first]), None)

    def _tariff(self, slot: int) -> Tariff | None:
        """Return the version of the contract's tariff in force at a slot."""
        if self.contract.tariff is None:
            return None
        return self.registry.tariff_of(self.contract.tariff, from_numpy(self.load.starts_at[slot]))

    def _paid_by(self, slot: int) -> Tariff | None:
        """Return the same for a customer who pays by demand; others' demands cost nothing."""
        return self._tariff(slot) if self.contract.basic_charge is BasicCharge.DEMAND else None

    def _named(self, month: str, kw: float, contract_kw: float) -> dict[str, float | int | str]:
        return {
            "service_point": self.contract.service_point,
            "month": month,
            "demand_kw": round(kw, 1),
            "contract_kw": contract_kw,
            "percent": round(100.0 * kw / contract_kw, 1),
        }

    def _episode(self, said: Said, starts_at: datetime, ends_at: datetime | None) -> Episode:
        load = self.load
        last = int(np.flatnonzero(load.actual)[-1])
        return record_episode(
            self.rule.about,
            self.registry,
            load.meters[0],
            said,
            starts_at=starts_at,
            ends_at=ends_at,
            detected_at=slot_end(load.starts_at, last, load.minutes),
        )

    def _days(self, slots: NDArray[np.intp]) -> list[int]:
        zone = self.registry.zone_of(self.contract.service_point)
        days: list[int] = local_clock(self.load.starts_at[slots], zone)[0].tolist()
        return days

    def _points(self, slots: NDArray[np.intp], values: Floats) -> list[Json]:
        return [
            {
                "at": iso(from_numpy(self.load.starts_at[int(slot)])),
                "value": number(float(values[int(slot)]), 2),
            }
            for slot in slots
        ]

    def _curve(
        self, first: int, end: int, values: Floats, unit: str, limits: dict[str, Json]
    ) -> dict[str, Json]:
        shown = np.arange(max(first - MARGIN_SLOTS, 0), min(end + MARGIN_SLOTS, len(values)))
        return {
            "unit": unit,
            "minutes": self.load.minutes,
            "limits": limits,
            "points": curve(self.load.starts_at, values, shown, MOST_POINTS),
        }


def _most_kva(window: MeterMatrix, registry: Registry) -> dict[MeterId, float]:
    """Return what each meter's apparent power cannot have exceeded: most peaks are far below any limit."""
    per_hour = 60.0 / window.minutes
    kw = np.fmax.reduce(window.import_kwh, axis=1) * per_hour
    kvar = np.zeros(len(kw))
    if window.import_kvarh is not None:
        kvar = np.fmax(kvar, np.fmax.reduce(np.abs(window.import_kvarh), axis=1) * per_hour)
    measured = window.values.get(Quantity.REACTIVE_POWER)
    if measured is not None:
        ratio = shown_ratios(window, registry)
        kvar = np.fmax(kvar, _most_shown(np.abs(measured), np.where(np.isnan(ratio), 1.0, ratio)))
    bound = np.hypot(np.nan_to_num(kw), kvar)
    return dict(zip(window.meters, bound.tolist(), strict=True))


def _most_shown(values: NDArray[np.float32], ratio: Floats) -> Floats:
    """Return each meter's greatest value times its ratio, which has one column or one a slot."""
    if ratio.shape[1] == 1:
        values = np.fmax.reduce(values, axis=1, keepdims=True)
    most: Floats = np.fmax.reduce(values * ratio, axis=1)
    return most


def _meters(registry: Registry, point: str) -> set[MeterId]:
    return {i.meter for i in registry.installations_by_point.get(point, ()) if i.role is Role.MAIN}


def _slots_of(window: MeterMatrix, contract: Contract) -> slice:
    first, end = 0, len(window.starts_at)
    if contract.starts_at is not None:
        first = int(np.searchsorted(window.starts_at, to_numpy(contract.starts_at)))
    if contract.ends_at is not None:
        end = int(np.searchsorted(window.starts_at, to_numpy(contract.ends_at)))
    return slice(first, end)


def _demand(kw: Floats, minutes: int) -> Floats:
    """Return the mean power of the quarter of an hour that ends with each slot; a longer slot's own."""
    slots = DEMAND_MINUTES // minutes
    if slots <= 1:
        return kw
    demand = np.full(kw.shape, np.nan)
    demand[slots - 1 :] = np.convolve(kw, np.ones(slots) / slots, mode="valid")
    return demand
