"""The line loss of every area of a window (线损统计): balances, technical loss, rises and suspects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from analysis.area_curves import AreaCurves
from analysis.area_days import AreaDays, area_days
from analysis.area_slots import area_slots
from analysis.line_loss import AreaDay, AreaLoss, LineLossNumbers, LossVerdict, TransformerPart, WhyUnknown
from analysis.loss_days import LossDays, LossNumbers, loss_days
from analysis.loss_rise import Rise, loss_rise
from analysis.loss_suspects import Hint, MemberDays, Suspect, suspects
from analysis.technical_loss import NO_LOSS, TechnicalLoss, has_plate, learnt_loss, transformer_loss
from pipeline.archive_records import MemberRole, MeteringSide
from pipeline.block import MeterMatrix
from pipeline.contracts import Contract
from pipeline.daily_rows import DailyRows
from pipeline.registry import Registry, in_force
from pipeline.timegrid import from_numpy

Floats = NDArray[np.float64]
HIGH_VOLTAGE_KV = 1.0
"""A supply metered above it has the transformer behind its meter."""


def area_losses(  # noqa: PLR0913 - one question with all that bounds it
    window: MeterMatrix,
    daily: DailyRows,
    registry: Registry,
    by_register: tuple[Floats, Floats],
    *,
    numbers: LineLossNumbers | None = None,
    hints: Mapping[str, Sequence[Hint]] = MappingProxyType({}),
) -> list[AreaLoss]:
    """Return the line loss of every area that has a supply meter and a member in the window.

    Args:
        window: Energies of the slots, from which curves are learnt and suspects told.
        daily: The same by local days.
        registry: The archive.
        by_register: Import and export of each day as registers tell them, NaN where they do not.
        numbers: Other numbers of the rules.
        hints: What other rules found of members, by service point.
    """
    rule = numbers or LineLossNumbers()
    days = area_days(window, daily, registry, rule.whole_coverage, by_register)
    if days is None:
        return []
    judged = loss_days(
        days,
        LossNumbers(
            completeness_percent=np.array(rule.completeness_percent),
            mads=np.array(rule.mads),
            floor_points=np.array(rule.floor_points),
            settle_days=rule.settle_days,
            learnt_days=(rule.fewest_days, rule.most_days),
        ),
    )
    return [
        _Area(rule, days, judged, place, daily).loss(window, registry, hints)
        for place in range(len(days.areas))
    ]


@dataclass(frozen=True, slots=True)
class _Area:
    """One area in the balances of all."""

    rule: LineLossNumbers
    days: AreaDays
    judged: LossDays
    place: int
    daily: DailyRows

    def loss(self, window: MeterMatrix, registry: Registry, hints: Mapping[str, Sequence[Hint]]) -> AreaLoss:
        """Return what is known of it."""
        name = self.days.areas[self.place]
        row = int(self.days.supply_rows[self.place])
        slots = AreaCurves.of(area_slots(window, registry, name), window, self.daily, row)
        squares = slots.squares()
        loss_kwh = self._loss_kwh()
        rise = loss_rise(loss_kwh, self.days.injected_kwh[self.place], slots, self.rule.rise)
        split = self._split(loss_kwh, rise)
        is_learnt = np.isfinite(loss_kwh)
        is_learnt[split if rise is not None else len(is_learnt) :] = False
        part, transformer = _transformer(registry, name, window)
        supplied, lost = slots.of_days(is_learnt)
        technical = learnt_loss(supplied, lost, transformer)
        technical_kwh = technical.fixed_kwh * slots.slots_of_day + technical.per_square * squares
        return AreaLoss(
            area=name,
            days=list(self._rows(loss_kwh, technical_kwh)),
            technical=technical,
            transformer=transformer,
            transformer_part=part,
            learnt_days=int(is_learnt.sum()),
            rise=rise,
            judged_from=None if split is None else self.daily.date_of(split),
            suspects=() if split is None else self._suspects(slots, technical, split, hints),
        )

    def _loss_kwh(self) -> Floats:
        """Return the loss of each day with missing members on a mean day, NaN where it is not judged."""
        is_judged = np.isfinite(self.judged.loss[self.place])
        return np.where(is_judged, self.days.lost_kwh[self.place], np.nan)

    def _split(self, loss_kwh: Floats, rise: Rise | None) -> int | None:
        """Return from which day on the suspects are judged; None without days enough on both sides."""
        known = np.flatnonzero(np.isfinite(loss_kwh))
        if rise is not None:
            return rise.first
        if len(known) < 2 * self.rule.fewest_days:
            return None
        back = int(known[-1]) + 1 - self.rule.judged_days
        return max(back, int(known[self.rule.fewest_days]))

    def _suspects(
        self, slots: AreaCurves, technical: TechnicalLoss, split: int, hints: Mapping[str, Sequence[Hint]]
    ) -> Sequence[Suspect]:
        before = slice(max(split - self.rule.most_days, 0), split)
        since = slice(split, None)
        unexplained = slots.lost_kwh[since] - technical.at(slots.supplied_kwh[since])
        whole = slots.is_whole
        return suspects(
            MemberDays(
                members=[name for name, is_whole in zip(slots.members, whole, strict=True) if is_whole],
                before_kwh=slots.metered_kwh[whole, before],
                since_kwh=slots.metered_kwh[whole, since],
                unexplained_kwh=unexplained,
                hints=hints,
            )
        )

    def _rows(self, loss_kwh: Floats, technical_kwh: Floats) -> Iterator[AreaDay]:
        days, judged, place = self.days, self.judged, self.place
        for day in range(len(self.daily.days)):
            verdict, why = self._verdict(day)
            filled = _number(days.usual_kwh[place, day] + days.filled_kwh[place, day])
            loss, injected = _number(loss_kwh[day]), _number(days.injected_kwh[place, day])
            technical = _number(technical_kwh[day])
            out_of = None if injected is None or loss is None else injected - loss
            yield AreaDay(
                day=self.daily.date_of(day),
                verdict=verdict,
                why=why,
                energy_in_kwh=injected,
                energy_out_kwh=out_of,
                fed_in_kwh=float(days.fed_in_kwh[place, day]),
                filled_kwh=filled,
                filled_in_kwh=_number(days.filled_supply_kwh[place, day]),
                loss_kwh=loss,
                loss_percent=_number(judged.loss[place, day]),
                technical_kwh=technical,
                unexplained_kwh=None if loss is None or technical is None else loss - technical,
                usual_percent=_number(judged.usual.median[place, day]),
                limit_percent=_number(judged.usual.limit[place, day]),
                members=int(days.members[place, day]),
                known=int(days.known[place, day]),
                by_register=int(days.closed[place, day]),
                slot_coverage=float(days.slot_coverage[place, day]),
                missing=tuple(days.missing(place, day, day + 1)),
                missing_supplies=tuple(days.missing_supplies(place, day)),
            )

    def _verdict(self, day: int) -> tuple[LossVerdict, WhyUnknown | None]:
        judged, place = self.judged, self.place
        loss, sure = judged.loss[place, day], judged.sure[place, day]
        if np.isnan(loss):
            return LossVerdict.UNKNOWN, self._why(day)
        if loss < self.rule.negative_percent:
            return LossVerdict.NEGATIVE, None
        if sure > judged.usual.limit[place, day]:
            return LossVerdict.RISES, None
        return (LossVerdict.HIGH if sure > self.rule.high_percent else LossVerdict.NORMAL), None

    def _why(self, day: int) -> WhyUnknown:
        days, judged, place = self.days, self.judged, self.place
        if np.isnan(days.supplied_kwh[place, day]):
            return WhyUnknown.SUPPLY_MISSING
        if judged.settling[place, day]:
            return WhyUnknown.MEMBER_MOVED
        if not judged.complete[place, day]:
            return WhyUnknown.MEMBERS_MISSING
        if not days.injected_kwh[place, day] > 0:
            return WhyUnknown.NOTHING_SUPPLIED
        return WhyUnknown.MEMBER_NEVER_READ


def _transformer(registry: Registry, area: str, window: MeterMatrix) -> tuple[TransformerPart, TechnicalLoss]:
    """Return how an area's transformers count, and what they lose in a slot as far as that is known."""
    now = from_numpy(window.starts_at[-1])
    units = [u for u in registry.transformers if u.area == area and in_force(u.starts_at, None, now)]
    if not units:
        return TransformerPart.NOT_FILED, NO_LOSS
    supplies = [
        m.service_point for m in registry.area_members if m.area == area and m.role is MemberRole.SUPPLY
    ]
    sides = {_side(registry.contract_of(point, now)) for point in supplies} - {None}
    if sides != {MeteringSide.HIGH}:
        return TransformerPart.BEFORE_METER, NO_LOSS
    found = transformer_loss(units, window.minutes)
    if found is None:
        return TransformerPart.UNKNOWN_SIZE, NO_LOSS
    return TransformerPart.BY_PLATE if all(map(has_plate, units)) else TransformerPart.BY_TABLE, found


def _side(contract: Contract | None) -> MeteringSide | None:
    """Return on which side a supply is metered: as filed, else by its voltage; None where neither tells."""
    if contract is None or contract.metering_side is not None:
        return None if contract is None else contract.metering_side
    if contract.supply_voltage_kv is None:
        return None
    return MeteringSide.LOW if contract.supply_voltage_kv < HIGH_VOLTAGE_KV else MeteringSide.HIGH


def _number(value: np.floating | float) -> float | None:
    return float(value) if np.isfinite(value) else None
