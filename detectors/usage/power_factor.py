"""Power factor of months (月度功率因数, D19): below the contract's standard, or over-compensated at night."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time
from math import acos, sqrt, tan
from typing import ClassVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.power_factor import (
    LEAST_STANDARD_KVA,
    PowerFactorStandard,
    adjustment_percent,
    month_power_factor,
    standard_named,
    standard_of,
)
from detectors.catalogue import About, Effect, Kind, Needs, Together, Whole, detectors, parameter
from detectors.evidence import slot_curves
from detectors.hysteresis import Delays
from detectors.ratings import ELEMENTS, ratings
from detectors.shapes import Said, record_episode, slot_episode, slot_stretches
from detectors.stays import end_of
from detectors.stretches import number
from detectors.thresholds import at_point, limit
from detectors.usage.point_months import (
    LocalDays,
    Measured,
    PointMonth,
    PointSlots,
    main_meter_of,
    months,
    point_slots,
)
from detectors.usage.power_factor_jump import power_factors, usual_levels
from pipeline.block import MeterMatrix
from pipeline.contracts import Contract
from pipeline.daily_rows import DailyRows
from pipeline.model import Episode, Json, Severity, Verdict
from pipeline.registry import Registry
from pipeline.timegrid import local_day, to_numpy

Floats = NDArray[np.float64]
LAGGING, LEADING = "import_kvarh", "export_kvarh"
JUDGED = tuple(
    dict.fromkeys(
        q
        for elements in ELEMENTS.values()
        for element in elements
        for q in (element.power, element.reactive, element.current)
    )
)
"""What an element's power factor is made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerFactor:
    """Judges each service point that has a standard, by months of actual energy, the present one too.

    Reactive energy counts whichever way it flows (QI to QIV), as bills count it. A month that is over needs
    most of its days; the present one a week, and is told as a hint. Beside that each element's own power
    factor is held against its level of the days before: a jump tells of a capacitor, a load or the wiring.
    """

    standard: float = parameter(
        0.0, "1", "0: by class and capacity, 水电财字 (1983) 215", "S", Effect.TRIGGER
    )
    months_in_a_row: float = parameter(2, "months", "then it is major", "D", Effect.ON_DELAY)
    night_share: float = parameter(
        0.2, "of all reactive energy", "leading at night, to be confirmed", "D", Effect.TRIGGER
    )
    least_reactive: float = parameter(
        0.1, "of the active energy", "less reactive energy costs nobody anything", "own"
    )
    least_kwh: float = parameter(100, "kWh a month", "too little to judge", "D")
    whole_month: float = parameter(0.9, "1", "share of a month that must be known", "own", Effect.GAP)
    least_days: float = parameter(7, "days", "known days of the present month", "own")
    jump: float = parameter(0.3, "1", "of one element's power factor, to be confirmed", "D", Effect.TRIGGER)
    restore_jump: float = parameter(0.2, "1", "nearly its level again", "own", Effect.RESTORE)
    jump_hours: float = parameter(4, "h", "to be confirmed", "D", Effect.ON_DELAY)
    restore_slots: float = parameter(2, "slots", "half an hour near its level", "own", Effect.OFF_DELAY)
    gap_slots: float = parameter(8, "slots", "so many missing slots end a jump", "own", Effect.GAP)
    current_percent: float = parameter(5, "% of rated", "less current has no power factor", "D")
    night_from: float = parameter(23, "h", "local hour at which the night begins", "D")
    night_to: float = parameter(7, "h", "local hour at which it ends", "D")

    about: ClassVar[About] = About(
        name="power_factor",
        number="D19",
        version=2,
        kind=Kind.SLOTS,
        together=Together.POINT,
        needs=Needs(
            interval_energy=True,
            quantities=JUDGED,
            energies=(LAGGING, LEADING),
            daily=True,
            essential=("energies",),
            archive=("contract", "installation", "area", "meter", "ratio"),
        ),
        suppressed_by=("wiring_error", "voltage_loss", "current_loss"),
        messages=(
            "episode.power_factor",
            "episode.power_factor_unknown",
            "episode.leading_at_night",
            "episode.power_factor_jump",
        ),
        severity=Severity.MINOR,
        whole=Whole.ROW,
        dated=("jump",),
    )

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return an episode for each month and finding."""
        daily = window.daily
        if daily is None or not len(daily.days) or LAGGING not in window.energies:
            return []
        found = list(self._jumps(window, registry))
        measured, end = Measured.of(window, daily, registry), end_of(window)
        days_in: dict[ZoneInfo, LocalDays] = {}
        for point, contracts in registry.contracts_by_point.items():
            if not any(contract.capacity_kva for contract in contracts):
                continue
            zone = registry.zone_of(point)
            if zone not in days_in:
                days_in[zone] = LocalDays.of(window, daily, zone)
            slots = point_slots(measured, point, days_in[zone], (LAGGING,), (LEADING,))
            if slots is None:
                continue
            rule = at_point(self, registry, point, end)
            for contract in contracts:
                if contract.capacity_kva:
                    found += _Point(window, daily, slots, registry, contract).episodes(rule)
        return sorted(found, key=lambda e: (e.starts_at, e.id))

    def _jumps(self, window: MeterMatrix, registry: Registry) -> Iterator[Episode]:
        """Yield where one element's power factor left the level of the days before."""
        if not len(window.starts_at):
            return
        rated = ratings(window, registry)
        floor_a = self.current_percent / 100.0 * rated.rated_a
        jump = limit(self, "jump", window, registry).values
        hours = limit(self, "jump_hours", window, registry).values[:, 0]
        delays = Delays(on=hours * 60 / window.minutes, off=self.restore_slots, gap=self.gap_slots)
        for wiring, elements in ELEMENTS.items():
            own = rated.are_of(wiring)
            for element in elements:
                if (
                    not own.any()
                    or not {element.power, element.reactive, element.current} <= window.values.keys()
                ):
                    continue
                factors = power_factors(window, element, floor_a)
                levels = usual_levels(factors, window.minutes)
                apart = np.where(own, np.abs(factors - levels), np.nan)
                for s in slot_stretches(
                    window,
                    apart,
                    trigger=jump,
                    restore=self.restore_jump,
                    delays=delays,
                    phases=element.phase,
                ):
                    inside = factors[s.row, s.first : s.end]
                    before, now = float(levels[s.row, s.first]), float(np.nanmean(inside))
                    said = Said(
                        key=element.phase,
                        message="episode.power_factor_jump",
                        parameters={
                            "phase": element.phase,
                            "before": round(before, 2),
                            "now": round(now, 2),
                            "hours": round((s.end - s.first) * window.minutes / 60, 1),
                        },
                        evidence={
                            "curve": slot_curves(
                                window, s, {"power factor": factors, "level": levels}, unit="1"
                            )
                        },
                    )
                    yield slot_episode(self.about, window, registry, s, said)


detectors.register("power_factor")(PowerFactor)


class _Point:
    """One service point while one contract holds."""

    def __init__(
        self,
        window: MeterMatrix,
        daily: DailyRows,
        slots: PointSlots,
        registry: Registry,
        contract: Contract,
    ) -> None:
        self._window, self._daily, self._slots = window, daily, slots
        self._zone, self._registry, self._contract = slots.days.zone, registry, contract
        self._kwh, lag, lead = slots.by_day(slots.kwh, slots.energies[LAGGING], slots.energies[LEADING])
        self._lag, self._lead = np.abs(lag), np.nan_to_num(np.abs(lead))
        self._known = np.isfinite(self._kwh) & np.isfinite(self._lag) & self._held() & ~slots.explained

    def _held(self) -> NDArray[np.bool_]:
        """Tell of each day whether the contract was in force all day."""
        held = np.ones(len(self._daily.days), dtype=np.bool_)
        if self._contract.starts_at is not None:
            begins = self._contract.starts_at.astimezone(self._zone)
            held &= self._daily.days >= np.datetime64(begins.date()) + (begins.time() != time())
        if self._contract.ends_at is not None:
            held &= self._daily.days < np.datetime64(self._contract.ends_at.astimezone(self._zone).date())
        return held

    def episodes(self, rule: PowerFactor) -> Iterator[Episode]:
        """Yield what is wrong, month by month."""
        standard = standard_named(rule.standard) if rule.standard > 0 else standard_of(self._contract)
        capacity = self._contract.capacity_kva or 0.0
        if standard is None and (self._contract.category is not None or capacity < LEAST_STANDARD_KVA):
            return
        in_a_row = 0
        for month in months(self._daily.days, self._known, self._slots.coverage):
            kwh, lag, lead = (float(c[month.days].sum()) for c in (self._kwh, self._lag, self._lead))
            enough = (
                self._is_whole(month) and month.share_known >= rule.whole_month
                if month.is_over
                else len(month.days) >= rule.least_days
            )
            if not enough or kwh < rule.least_kwh:
                in_a_row = 0
                continue
            factor = month_power_factor(kwh, lag + lead)
            if standard is None:
                if factor < 0.9:  # noqa: PLR2004 - no standard is higher
                    yield self._unknown(rule, month, factor)
                continue
            in_a_row = in_a_row + 1 if factor < standard.value else 0
            if in_a_row:
                yield self._below(rule, month, standard, (kwh, lag, lead), in_a_row)
            yield from self._leading(rule, month, (kwh, lag, lead))

    def _is_whole(self, month: PointMonth) -> bool:
        """Whether the window had begun when the month did: the rest of a month is none that is billed."""
        first, starts_at = self._daily.days[0], self._window.starts_at
        midnight = to_numpy(local_day(self._daily.date_of(0), self._zone)[0])
        is_cut = len(starts_at) > 0 and bool(starts_at[0] > midnight)
        return bool(np.datetime64(f"{month.name}-01") >= first + np.timedelta64(int(is_cut), "D"))

    def _below(
        self,
        rule: PowerFactor,
        month: PointMonth,
        standard: PowerFactorStandard,
        energy: tuple[float, float, float],
        in_a_row: int,
    ) -> Episode:
        kwh, lag, lead = energy
        factor = month_power_factor(kwh, lag + lead)
        by_day = self._kwh / np.hypot(self._kwh, self._lag + self._lead)
        hours = 24.0 * len(month.days)
        missing = (lag + lead - kwh * tan(acos(standard.value))) / hours
        severity = Severity.MAJOR if in_a_row >= rule.months_in_a_row else Severity.MINOR
        said = Said(
            key=f"{self._contract.service_point} {month.name}",
            message="episode.power_factor",
            severity=severity if month.is_over else Severity.INFO,
            parameters={
                "service_point": self._contract.service_point,
                "month": month.name,
                "power_factor": factor,
                "standard": standard.value,
                "percent": adjustment_percent(standard, factor),
            },
            evidence={
                **self._energies(energy),
                "standard": {
                    "value": standard.value,
                    "for": standard.what,
                    "source": standard.source,
                    "confirmed": False,
                },
                "months_in_a_row": in_a_row,
                "month_is_over": month.is_over,
                "mean_kvar_to_compensate": number(max(missing, 0.0), 1),
                "days": [
                    {
                        "day": str(self._daily.days[day]),
                        "kwh": number(float(self._kwh[day])),
                        "kvarh": number(float(self._lag[day] + self._lead[day])),
                        "power_factor": number(float(by_day[day])),
                    }
                    for day in month.days
                ],
            },
        )
        return self._episode(rule, month, said)

    def _unknown(self, rule: PowerFactor, month: PointMonth, factor: float) -> Episode:
        entry = f"[[contract]] of service point {self._contract.service_point}: category"
        said = Said(
            key=f"{self._contract.service_point} {month.name} unknown",
            message="episode.power_factor_unknown",
            verdict=Verdict.UNKNOWN,
            score=0.0,
            parameters={
                "service_point": self._contract.service_point,
                "month": month.name,
                "power_factor": factor,
                "entry": entry,
            },
            evidence={"wanted_entries": [entry]},
        )
        return self._episode(rule, month, said)

    def _leading(
        self, rule: PowerFactor, month: PointMonth, energy: tuple[float, float, float]
    ) -> Iterator[Episode]:
        kwh, lag, lead = energy
        total = lag + lead
        if lead <= rule.night_share * total or total < rule.least_reactive * kwh:
            return
        night = self._night_lead(rule, month)
        if night <= rule.night_share * total:
            return
        said = Said(
            key=f"{self._contract.service_point} {month.name} night",
            message="episode.leading_at_night",
            parameters={
                "service_point": self._contract.service_point,
                "month": month.name,
                "percent": round(100.0 * night / total, 1),
                "kvarh": round(night, 1),
            },
            evidence={
                **self._energies(energy),
                "power_factor_without_it": month_power_factor(kwh, total - night),
            },
        )
        yield self._episode(rule, month, said)

    def _night_lead(self, rule: PowerFactor, month: PointMonth) -> float:
        """Return the leading energy of the month's known days at night."""
        slots, hour = self._slots, self._slots.days.minute / 60.0
        night = (hour >= rule.night_from) | (hour < rule.night_to)
        (lead,) = slots.by_day(np.where(night, slots.energies[LEADING], 0.0))
        return float(np.abs(lead[month.days].sum()))

    def _energies(self, energy: tuple[float, float, float]) -> Mapping[str, Json]:
        kwh, lag, lead = energy
        return {
            "kwh": number(kwh),
            "lagging_kvarh": number(lag),
            "leading_kvarh": number(lead),
            "meters": list(self._slots.meters),
            "apparent_kvah": number(sqrt(kwh**2 + (lag + lead) ** 2)),
        }

    def _episode(self, rule: PowerFactor, month: PointMonth, said: Said) -> Episode:
        point, days = self._contract.service_point, self._daily
        first, last, known = (
            days.date_of(int(day)) for day in (*month.days[[0, -1]], np.flatnonzero(self._known)[-1])
        )
        episode = record_episode(
            rule.about,
            self._registry,
            main_meter_of(self._registry, point, first, self._zone) or self._slots.meters[0],
            said,
            starts_at=local_day(first, self._zone)[0],
            ends_at=local_day(last, self._zone)[1] if month.is_over else None,
            detected_at=local_day(known, self._zone)[1],
        )
        return replace(episode, service_point=point)
