"""Ranks areas and feeders (台区、线路) by how far their line loss lies above their own usual one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from analysis.change_ranks import Reason
from analysis.line_loss import AreaDay, LossVerdict
from storage.area_losses import StoredLoss

_GRAVEST = (
    LossVerdict.HIGH,
    LossVerdict.NEGATIVE,
    LossVerdict.RISES,
    LossVerdict.NORMAL,
    LossVerdict.UNKNOWN,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LossRank:
    """One area over some days; energies are of the days that could be judged."""

    area: str
    name: str
    verdict: LossVerdict
    """The gravest that was said of a day."""
    days: int
    judged_days: int
    slot_coverage: float
    """Share of the slots of supply and members that are actual, over all days."""
    energy_in_kwh: float
    loss_kwh: float
    technical_kwh: float | None
    loss_percent: float | None
    usual_percent: float | None
    """The area's own median, as it was on the last judged day."""
    above_points: float | None
    """How far the loss lies above it."""
    risen_on: date | None
    rise_kwh_a_day: float | None
    suspects: int


def loss_ranks(days: Mapping[str, Sequence[AreaDay]], found: Mapping[str, StoredLoss]) -> list[LossRank]:
    """Return areas, those whose loss has risen first, then by how far it lies above the usual one.

    Args:
        days: The days of each area, oldest first.
        found: What was found of them.
    """
    ranks = [_rank(area, own, found.get(area)) for area, own in days.items() if own]
    return sorted(ranks, key=_order)


def reasons_of(suspect: Mapping[str, Any]) -> list[tuple[str, Mapping[str, float | int | str]]]:  # Any: JSON
    """Return what speaks against a stored suspect: keys of sentences with their parameters."""
    changes = [Reason(**change) for change in suspect["changes"]]
    return [
        *((hint["message"], hint["parameters"]) for hint in suspect["hints"]),
        *((change.message, change.parameters) for change in changes),
    ]


def _order(rank: LossRank) -> tuple[bool, float, str]:
    above = rank.above_points if rank.above_points is not None else float("-inf")
    return rank.risen_on is None, -above, rank.area


def _rank(area: str, days: Sequence[AreaDay], found: StoredLoss | None) -> LossRank:
    judged = [day for day in days if day.loss_kwh is not None]
    came_in = sum(day.energy_in_kwh or 0.0 for day in judged)
    lost = sum(day.loss_kwh or 0.0 for day in judged)
    technical = [day.technical_kwh for day in judged if day.technical_kwh is not None]
    percent = 100.0 * lost / came_in if came_in > 0 else None
    usual = next((d.usual_percent for d in reversed(judged) if d.usual_percent is not None), None)
    return LossRank(
        area=area,
        name="" if found is None else found.name,
        verdict=next(verdict for verdict in _GRAVEST if verdict in {day.verdict for day in days}),
        days=len(days),
        judged_days=len(judged),
        slot_coverage=sum(day.slot_coverage for day in days) / len(days),
        energy_in_kwh=came_in,
        loss_kwh=lost,
        technical_kwh=sum(technical) if technical else None,
        loss_percent=percent,
        usual_percent=usual,
        above_points=None if percent is None or usual is None else percent - usual,
        risen_on=None if found is None else found.risen_on,
        rise_kwh_a_day=None if found is None else found.rise_kwh_a_day,
        suspects=0 if found is None else len(found.suspects),
    )
