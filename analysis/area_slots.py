"""The balance of one area slot by slot: what was supplied and what each member metered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.area_stays import Stay, stays_of
from pipeline.block import MeterMatrix, is_actual
from pipeline.registry import Registry

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaSlots:
    """Actual energies of one area, by the dates of members and meters."""

    members: Sequence[str]
    """Service points."""
    rows: Ints
    """The row of the meter that each of them had last."""
    is_whole: NDArray[np.bool_]
    """Whether a member belonged to the area all the time."""
    inflows: Floats
    """Signed net import of each supply point, kWh of shape (supplies, slots), NaN where unknown."""
    supplied: Floats
    """Their sum, kWh a slot, NaN unless all supply meters are known."""
    metered: Floats
    """Shape (members, slots), NaN where unknown; nothing while a point is no member."""


def area_slots(window: MeterMatrix, registry: Registry, area: str) -> AreaSlots:
    """Return the slots of an area; what it costs goes with its own meters, not with all of the window."""
    stays = sorted(stays_of(window, registry, area))
    net = {row: _net_kwh(window, row) for row in {stay.row for stay in stays}}
    at = window.starts_at.astype("datetime64[us]").astype(np.int64)
    supplies: dict[str, list[Stay]] = {}
    points: dict[str, list[Stay]] = {}
    for stay in stays:
        (supplies if stay.is_supply else points).setdefault(stay.point, []).append(stay)
    nothing = np.full(len(at), np.nan)
    inflows = [_of_point(own, net, at) for own in supplies.values()]
    metered = [_of_point(own, net, at) for own in points.values()]
    return AreaSlots(
        members=list(points),
        rows=np.array([max(own, key=lambda s: s.fitted_from).row for own in points.values()], np.intp),
        is_whole=np.array([_is_whole(own, at) for own in points.values()], np.bool_),
        inflows=_stacked(inflows, len(at)),
        supplied=np.sum(inflows, axis=0) if inflows else nothing,
        metered=_stacked(metered, len(at)),
    )


def _stacked(columns: Sequence[Floats], slots: int) -> Floats:
    return np.stack(columns) if columns else np.empty((0, slots))


def _net_kwh(window: MeterMatrix, row: int) -> Floats:
    """Return the actual net import of a meter; one that never counts export exports nothing."""
    kwh: Floats = np.where(is_actual(window.quality[row]), window.import_kwh[row], np.nan)
    export = window.energies.get("export_kwh")
    if export is None or not np.isfinite(export[row]).any():
        return kwh
    net: Floats = kwh - export[row]
    return net


def _of_point(stays: Sequence[Stay], net: Mapping[int, Floats], at: NDArray[np.int64]) -> Floats:
    """Return what a point's meters counted while it belonged to the area: a slot lies where it begins.

    In the slot in which a meter is replaced what either counted of it stands.
    """
    step = at[1] - at[0] if len(at) > 1 else 0
    belongs = np.zeros(len(at), np.bool_)
    has_meter = np.zeros(len(at), np.bool_)
    total = np.zeros(len(at))
    for stay in stays:
        is_member = (stay.member_from <= at) & (at < stay.member_to)
        begins_in = (stay.fitted_from <= at) & (at < stay.fitted_to)
        is_cut = (stay.fitted_from < at + step) & (stay.fitted_to > at)
        is_cut &= (stay.fitted_from > at) | (stay.fitted_to < at + step)
        fitted = is_member & begins_in & ~is_cut
        part = is_member & is_cut & np.isfinite(net[stay.row])
        belongs |= is_member
        has_meter |= fitted | part
        total[fitted | part] += stay.sign * net[stay.row][fitted | part]
    total[belongs & ~has_meter] = np.nan
    return total


def _is_whole(stays: Sequence[Stay], at: NDArray[np.int64]) -> bool:
    return bool(len(at)) and all(stay.member_from <= at[0] and stay.member_to > at[-1] for stay in stays)
