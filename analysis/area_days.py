"""The balance of transformer areas (台区) by local days: supplied, metered, and who is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.area_bridges import AreaRows, bridges
from analysis.area_stays import stays_of
from analysis.point_days import PointDays
from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.registry import Registry

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaDays:
    """The balances of the areas of a window that have a supply meter; arrays of shape (areas, days)."""

    areas: Sequence[str]
    supply_rows: Ints
    """The row of a supply meter of each area: where its episodes stand."""
    supplied_kwh: Floats
    """Signed sum of the supply meters, NaN unless all of them are known."""
    filled_supply_kwh: Floats
    """Of it, what stands in for missing slots: what was drawn in them and the mean loss of the others."""
    metered_kwh: Floats
    """Net import of the members that are known."""
    filled_kwh: Floats
    """Of it, what stands in for missing slots."""
    injected_kwh: Floats
    """Energy in (供电量): what the supply meters count into the area and what known members feed in."""
    fed_in_kwh: Floats
    """Of it, what the known members feed in."""
    usual_kwh: Floats
    """What the missing members metered on a mean day so far; NaN if one of them never was known."""
    most_kwh: Floats
    """The most that they metered on one day so far."""
    members: Ints
    known: Ints
    """Of them, those of which the whole day is known."""
    closed: Ints
    """Of these, those whose slots have gaps that the registers at the ends of the day close."""
    slot_coverage: Floats
    """Share of the slots of all that count, supply and members, that are actual."""
    changed: Bools
    """Days on which a member came or went."""
    points: Sequence[Sequence[tuple[str, Bools]]]
    """By area: each member with the days on which it is missing."""
    supplies: Sequence[Sequence[tuple[str, Bools]]]
    """The same of the supply points."""

    @property
    def lost_kwh(self) -> Floats:
        """Loss of each day, with missing members on a mean day."""
        return self.supplied_kwh - self.metered_kwh - self.usual_kwh

    def missing(self, area: int, first: int, end: int) -> list[str]:
        """Return the members of which a day is missing, in order."""
        return sorted({point for point, days in self.points[area] if days[first:end].any()})

    def missing_supplies(self, area: int, day: int) -> list[str]:
        """Return the supply points whose day is missing, in order."""
        return sorted(point for point, days in self.supplies[area] if days[day])


def area_days(
    window: MeterMatrix,
    daily: DailyRows,
    registry: Registry,
    whole: float,
    by_register: tuple[Floats, Floats],
) -> AreaDays | None:
    """Return the balances; None if no area has both a supply meter and a member in the window.

    ``whole`` is the share of a day's slots that makes the day of a meter known, and so do its registers at
    both ends: ``by_register`` is the import and export that they tell, NaN where they tell none. On the day
    on which a meter is replaced the two meters together make the day known. No missing slot of a known day
    counts as nothing: members' are filled from the slots beside (:mod:`analysis.slot_gaps`), a supply's by
    the balance of the others (:mod:`analysis.shared_slots`), and a supply that this cannot fill is missing.
    """
    stays = sorted(stays_of(window, registry))
    supplied = {stay.area for stay in stays if stay.is_supply} & {
        stay.area for stay in stays if not stay.is_supply
    }
    stays = [stay for stay in stays if stay.area in supplied]
    if not stays:
        return None
    days = PointDays(window, daily, stays, whole, by_register)
    areas = sorted(supplied)
    place = {area: n for n, area in enumerate(areas)}
    of_point = np.array([place[stay.area] for stay in days.heads], np.intp)
    firsts = {stay.area: stay.row for stay in reversed(stays) if stay.is_supply}
    supply_rows = np.array([firsts[area] for area in areas], np.intp)
    supply = days.is_supply

    def summed(column: Floats | Bools, side: Bools) -> Floats:
        total = np.zeros((len(areas), column.shape[1]))
        np.add.at(total, of_point[side], column[side])
        return total

    bridged = bridges(window, daily, registry, days, AreaRows(areas, supply_rows, of_point))
    untold = np.isnan(bridged.supply_kwh)[of_point] & supply[:, None] & days.lacks
    is_known = days.known & ~untold
    missing = days.present & ~is_known

    def gone(area: int, side: Bools) -> list[tuple[str, Bools]]:
        rows = np.flatnonzero((of_point == area) & side & missing.any(axis=1))
        return [(days.heads[row].point, missing[row]) for row in rows.tolist()]

    known_kwh = np.where(is_known, days.kwh, 0.0)
    supply_is_known = (summed(missing, supply) == 0) & (summed(days.present, supply) > 0)
    every = supply | ~supply
    fed_in = np.where(days.known, days.export_kwh, 0.0)
    brought = np.nan_to_num(bridged.supply_kwh)
    return AreaDays(
        areas=areas,
        supply_rows=supply_rows,
        supplied_kwh=np.where(supply_is_known, summed(known_kwh, supply) + brought, np.nan),
        metered_kwh=summed(known_kwh, ~supply) + bridged.members_kwh,
        injected_kwh=np.where(
            supply_is_known,
            summed(days.into_kwh, supply) + np.maximum(brought, 0.0) + summed(fed_in, ~supply),
            np.nan,
        ),
        filled_supply_kwh=np.where(supply_is_known, brought, np.nan),
        filled_kwh=summed(np.where(days.known, days.filled_kwh, 0.0), ~supply) + bridged.members_kwh,
        fed_in_kwh=summed(fed_in, ~supply),
        usual_kwh=summed(np.where(missing, days.mean_so_far(), 0.0), ~supply),
        most_kwh=summed(np.where(missing, days.most_so_far(), 0.0), ~supply),
        members=summed(days.present, ~supply).astype(np.intp),
        known=summed(days.known, ~supply).astype(np.intp),
        closed=summed(days.closed, ~supply).astype(np.intp),
        slot_coverage=summed(days.coverage, every) / np.maximum(summed(days.present, every), 1),
        changed=summed(days.changed, every) > 0,
        points=[gone(area, ~supply) for area in range(len(areas))],
        supplies=[gone(area, supply) for area in range(len(areas))],
    )
