"""Bridges the missing slots of areas: which of their days have some, and what those add (缺点时段平衡)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.area_slots import area_slots
from analysis.point_days import PointDays
from analysis.shared_slots import MOST_FILLED, Side, bridge
from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.registry import Registry
from pipeline.timegrid import local_clock

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]


class AreaRows(NamedTuple):
    """Where the areas stand."""

    areas: Sequence[str]
    supply_rows: Ints
    """A supply meter's row of each; its local days are the area's."""
    of_point: Ints
    """The area of each point."""


class Bridges(NamedTuple):
    """What slots that are not shared add to the days of areas, kWh of shape (areas, days)."""

    supply_kwh: Floats
    """NaN where a supply lacks slots that the others do not tell."""
    members_kwh: Floats


def bridges(
    window: MeterMatrix, daily: DailyRows, registry: Registry, points: PointDays, rows: AreaRows
) -> Bridges:
    """Return what the slots add in which a supply meter or many members are missing.

    Only areas that have such slots cost anything.
    """
    shape = (len(rows.areas), len(daily.days))
    found = Bridges(np.zeros(shape), np.zeros(shape))
    is_gap = _any_of(points.lacks & points.is_supply[:, None], rows, shape[0])
    is_gap &= ~_any_of(points.present & ~points.known & points.is_supply[:, None], rows, shape[0])
    found.supply_kwh[is_gap] = np.nan
    asked = is_gap | _thin(window, daily, points, rows)
    if not len(window.starts_at) or not asked.any():
        return found
    stand_in = np.where(points.known, points.kwh, np.nan_to_num(points.mean_so_far()))
    is_open = points.known & ~points.closed
    for area in np.flatnonzero(asked.any(axis=1)).tolist():
        slots = area_slots(window, registry, rows.areas[area])
        place = _days_of(window, daily, int(rows.supply_rows[area]))
        own = rows.of_point == area
        sides = (
            (np.flatnonzero(own & points.is_supply), slots.inflows),
            (np.flatnonzero(own & ~points.is_supply), slots.metered),
        )
        for day in np.flatnonzero(asked[area]).tolist():
            begin, end = np.searchsorted(place, [day, day + 1])
            supplies, members = (
                Side(
                    slots_kwh=kwh[points.present[side, day], begin:end],
                    day_kwh=stand_in[side[points.present[side, day]], day],
                    is_open=is_open[side[points.present[side, day]], day],
                )
                for side, kwh in sides
            )
            if begin < end:
                added = bridge(supplies, members)
                found.supply_kwh[area, day], found.members_kwh[area, day] = added
    return found


def _any_of(column: Bools, rows: AreaRows, areas: int) -> Bools:
    """Tell of each area and day whether a point of it is told so."""
    found = np.zeros((areas, column.shape[1]), np.bool_)
    np.logical_or.at(found, rows.of_point, column)
    return found


def _thin(window: MeterMatrix, daily: DailyRows, points: PointDays, rows: AreaRows) -> Bools:
    """Tell on which days too many members of an area lack the same slot."""
    shape = (len(rows.areas), len(daily.days))
    thin = np.zeros(shape, np.bool_)
    if not len(points.gap_slots):
        return thin
    areas, slots, count = _counted(rows.of_point[points.gap_points], points.gap_slots)
    members = np.zeros(shape)
    np.add.at(members, rows.of_point[~points.is_supply], points.present[~points.is_supply])
    for zone in {daily.zones[row] for row in rows.supply_rows.tolist()}:
        own = np.array([daily.zones[row] == zone for row in rows.supply_rows.tolist()])[areas]
        row = daily.zones.index(zone)
        place = _days_of(window, daily, row)[slots]
        own &= (place >= 0) & (place < shape[1])
        many = own.copy()
        many[own] = count[own] > MOST_FILLED * members[areas[own], place[own]]
        thin[areas[many], place[many]] = True
    return thin


def _counted(areas: Ints, slots: Ints) -> tuple[Ints, Ints, Ints]:
    """Return every area and slot of gaps once, with the number of them."""
    width = int(slots.max()) + 1
    keys, count = np.unique(areas * width + slots, return_counts=True)
    return keys // width, keys % width, count


def _days_of(window: MeterMatrix, daily: DailyRows, row: int) -> NDArray[np.int64]:
    """Return the place of each slot among the local days of a meter."""
    days: NDArray[np.int64] = local_clock(window.starts_at, daily.zones[row])[0] - daily.days[0].astype(
        np.int64
    )
    return days
