"""The balance of one area slot by slot: what was supplied and what each member metered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.area_days import Stay, stays_of
from pipeline.block import MeterMatrix
from pipeline.registry import Registry

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaSlots:
    """Actual energies of one area; what stayed in it for only a part of the window is left out."""

    members: Sequence[str]
    """Service points."""
    rows: Ints
    """The row of a meter of each of them."""
    supplied: Floats
    """kWh a slot, NaN unless all supply meters are known."""
    metered: Floats
    """Shape (members, slots), NaN where unknown."""


def area_slots(window: MeterMatrix, registry: Registry, area: str) -> AreaSlots:
    """Return the slots of an area."""
    stays = sorted(stay for stay in stays_of(window, registry) if stay.area == area)
    net = window.actual_kwh()
    export = window.energies.get("export_kwh")
    if export is not None:
        counts = np.isfinite(export).any(axis=1, keepdims=True)
        net = net - np.where(counts, export, 0.0)
    first, last = (int(edge.astype(np.int64)) for edge in (window.starts_at[0], window.starts_at[-1]))
    whole = [s for s in stays if _begins(s) <= first and _ends(s) > last]
    points: dict[str, list[Stay]] = {}
    for stay in whole:
        if not stay.is_supply:
            points.setdefault(stay.point, []).append(stay)
    nothing = np.full(len(window.starts_at), np.nan)
    supplies = [stay.sign * net[stay.row] for stay in stays if stay.is_supply]
    metered = [np.sum([s.sign * net[s.row] for s in own], axis=0) for own in points.values()]
    return AreaSlots(
        members=list(points),
        rows=np.array([own[0].row for own in points.values()], np.intp),
        supplied=np.sum(supplies, axis=0) if supplies else nothing,
        metered=np.stack(metered) if metered else np.empty((0, len(nothing))),
    )


def _begins(stay: Stay) -> int:
    return max(stay.member_from, stay.fitted_from)


def _ends(stay: Stay) -> int:
    return min(stay.member_to, stay.fitted_to)
