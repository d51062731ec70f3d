"""The balance of transformer areas (台区) by local days: supplied, metered, and who is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.area_stays import Stay, stays_of
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
    metered_kwh: Floats
    """Net import of the members that are known."""
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
    on which a meter is replaced the two meters together make the day known.
    """
    stays = sorted(stays_of(window, registry))
    supplied = {stay.area for stay in stays if stay.is_supply} & {
        stay.area for stay in stays if not stay.is_supply
    }
    stays = [stay for stay in stays if stay.area in supplied]
    if not stays:
        return None
    days = _Points(daily, stays, whole, by_register)
    areas = sorted(supplied)
    place = {area: n for n, area in enumerate(areas)}
    of_point = np.array([place[stay.area] for stay in days.heads], np.intp)
    supply = np.array([stay.is_supply for stay in days.heads])

    def summed(column: Floats | Bools, side: Bools) -> Floats:
        total = np.zeros((len(areas), column.shape[1]))
        np.add.at(total, of_point[side], column[side])
        return total

    missing = days.present & ~days.known

    def gone(area: int, side: Bools) -> list[tuple[str, Bools]]:
        rows = np.flatnonzero((of_point == area) & side & missing.any(axis=1))
        return [(days.heads[row].point, missing[row]) for row in rows.tolist()]

    known_kwh = np.where(days.known, days.kwh, 0.0)
    supply_is_known = (summed(missing, supply) == 0) & (summed(days.present, supply) > 0)
    every = supply | ~supply
    fed_in = np.where(days.known, days.export_kwh, 0.0)
    firsts = {stay.area: stay.row for stay in reversed(stays) if stay.is_supply}
    return AreaDays(
        areas=areas,
        supply_rows=np.array([firsts[area] for area in areas], np.intp),
        supplied_kwh=np.where(supply_is_known, summed(known_kwh, supply), np.nan),
        metered_kwh=summed(known_kwh, ~supply),
        injected_kwh=np.where(
            supply_is_known, summed(days.into_kwh, supply) + summed(fed_in, ~supply), np.nan
        ),
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


class _Points:
    """The days of each service point in each area: arrays of shape (points, days)."""

    def __init__(
        self, daily: DailyRows, stays: Sequence[Stay], whole: float, by_register: tuple[Floats, Floats]
    ) -> None:
        rows = np.array([stay.row for stay in stays], np.intp)
        begins, ends = (edges[rows] for edges in daily.edges())

        def column(name: str) -> NDArray[np.int64]:
            return np.array([[getattr(stay, name)] for stay in stays], np.int64)

        member_from, member_to = column("member_from"), column("member_to")
        fitted_from, fitted_to = column("fitted_from"), column("fitted_to")
        counts = (member_from < ends) & (member_to > begins) & (fitted_from < ends) & (fitted_to > begins)
        is_member = (member_from <= begins) & (member_to >= ends)
        fitted = (np.minimum(fitted_to, ends) - np.maximum(fitted_from, begins)) / (ends - begins)
        in_full = is_member & (fitted >= 1.0)
        # Registers close the gaps of a day exactly, so they go before slots of which some are missing.
        register = [column[rows] for column in by_register]
        closed = in_full & (daily.coverage[rows] < 1.0) & np.isfinite(register[0] + register[1])
        moves = ((member_from > begins[:, :1]) & (member_from >= begins) & (member_from < ends)) | (
            (member_to < ends[:, -1:]) & (member_to >= begins) & (member_to < ends)
        )
        keys = [(stay.area, stay.is_supply, stay.point) for stay in stays]
        firsts = np.array([n for n, key in enumerate(keys) if n == 0 or key != keys[n - 1]], np.intp)
        lacks = 1.0 - whole
        # Of a meter that is replaced its own part of the day; the other meter must have the rest.
        in_part = is_member & ~in_full & (np.abs(daily.coverage[rows] - fitted) <= lacks)
        slots = _flows_kwh(daily, rows)
        # A day of which an export slot is missing has no net energy, however whole its import is.
        is_told = np.isfinite(slots[1])
        known = (in_full & (((daily.coverage[rows] >= whole) & is_told) | closed)) | (in_part & is_told)
        signs = np.array([[stay.sign] for stay in stays])
        turned = np.array([[stay.is_turned] for stay in stays])
        of_role = np.where(turned, -signs, signs)
        is_main = counts & (of_role > 0)
        shares = np.add.reduceat(np.where(is_main, np.clip(fitted, 0.0, 1.0), 0.0), firsts, axis=0)
        imported, exported = (
            np.where(known & counts, np.where(closed, flow, slot_sum), 0.0)
            for flow, slot_sum in zip(register, slots, strict=True)
        )
        into, out_of = np.where(turned, exported, imported), np.where(turned, imported, exported)
        self.heads = [stays[first] for first in firsts]
        self.present = np.logical_or.reduceat(counts, firsts, axis=0)
        unknown = np.logical_or.reduceat(counts & ~known, firsts, axis=0)
        self.known = self.present & ~unknown & (shares >= whole)
        mains = np.maximum(np.rint(shares), 1.0)
        covered = np.add.reduceat(np.where(is_main, daily.coverage[rows], 0.0), firsts, axis=0)
        self.coverage: Floats = np.where(self.present, np.minimum(covered / mains, 1.0), 0.0)
        self.changed: Bools = np.logical_or.reduceat(moves, firsts, axis=0)
        self.kwh = np.add.reduceat(signs * (imported - exported), firsts, axis=0)
        self.into_kwh = np.add.reduceat(of_role * into, firsts, axis=0)
        """What a supply meter counts into the area."""
        self.export_kwh = np.add.reduceat(of_role * out_of, firsts, axis=0)
        """What a member feeds in."""
        self.closed = self.known & np.logical_or.reduceat(closed, firsts, axis=0)

    def mean_so_far(self) -> Floats:
        """Return the mean of the known days up to each day; NaN before the first."""
        count = np.cumsum(self.known, axis=1)
        total = np.cumsum(np.where(self.known, self.kwh, 0.0), axis=1)
        mean: Floats = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
        return mean

    def most_so_far(self) -> Floats:
        """Return the greatest known day up to each day; NaN before the first."""
        return np.fmax.accumulate(np.where(self.known, self.kwh, np.nan), axis=1)


def _flows_kwh(daily: DailyRows, rows: Ints) -> tuple[Floats, Floats]:
    """Return import and export; a meter that never counts export exports nothing."""
    kwh = daily.kwh[rows]
    export = daily.energies.get("export_kwh")
    if export is None:
        return kwh, np.zeros_like(kwh)
    own = export[rows]
    counts = np.isfinite(own).any(axis=1, keepdims=True)
    return kwh, np.where(counts, own, 0.0)
