"""What explains a current in the neutral alone: a neighbour who shares it, or a way round the meter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from detectors.evidence import correction
from detectors.hysteresis import Stretch
from detectors.metering.element_powers import before, column
from detectors.ratings import Ratings
from pipeline.block import MeterMatrix
from pipeline.model import Json
from pipeline.quantities import Quantity
from pipeline.registry import Registry, in_force
from pipeline.timegrid import from_numpy

MEASURABLE = 0.05
"""Line by neutral current above which the meter's own power tells the kW of an ampere."""
KNOWN_SHARE = 0.5
"""Share of the slots at which a neighbour must be known to be compared."""
HOW = "metered power by neutral over line current; without line current, by the kW of an ampere before"

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The other meters of each meter's area, and how far neutral and line are apart at all of them."""

    rows: Mapping[int, Sequence[int]]
    excess_a: Floats
    """Neutral less line, primary side: shape (meters, slots)."""

    def explain(self, stretch: Stretch, begins: Bools, share: float) -> bool:
        """Tell whether one neighbour, or all together, show the same difference with the other sign."""
        slots = stretch.first + np.flatnonzero(begins[stretch.row, stretch.first : stretch.end])
        own = self.excess_a[stretch.row, slots]
        others = self.excess_a[np.array(self.rows[stretch.row], dtype=np.intp)][:, slots]
        if not len(others):
            return False
        known = np.isfinite(others).mean(axis=1) >= KNOWN_SHARE
        left = np.nanmean(np.where(np.isfinite(others), np.abs(own + others), np.nan)[known], axis=1)
        together = float(np.abs(own + np.nansum(others, axis=0)).mean())
        return bool(min([together, *left.tolist()]) < share * float(np.abs(own).mean()))

    def shown(self, stretch: Stretch) -> dict[str, Json]:
        """Return for evidence how many there are and what they show together."""
        rows = np.array(self.rows[stretch.row], dtype=np.intp)
        others = self.excess_a[rows, stretch.first : stretch.end] if len(rows) else np.zeros((0, 1))
        mean = np.nanmean(others) if np.isfinite(others).any() else np.nan
        return {
            "compared": len(rows),
            "mean_excess_a": round(float(mean), 3) if np.isfinite(mean) else None,
            "means": "neutral less line current of the area's other single-phase meters, primary side",
        }


def neighbours_of(
    window: MeterMatrix, registry: Registry, rows: NDArray[np.intp]
) -> Mapping[int, Sequence[int]]:
    """Return for each of some meters the others of its area among them, by their rows in the window.

    A meter is of the area in which it hung last; an area has the members of the window's last slot.
    """
    span, at = window.span(), from_numpy(window.starts_at[-1])
    by_membership = {
        m.service_point: m.area for m in registry.area_members if in_force(m.starts_at, m.ends_at, at)
    }
    area_of: dict[int, str] = {}
    for row in rows.tolist():
        hung = registry.last_installation(window.meters[row], *span)
        point = "" if hung is None else hung.service_point or ""
        filed = registry.service_point_by_id.get(point)
        area = by_membership.get(point) if filed is None or filed.area is None else filed.area
        if area is not None:
            area_of[row] = area
    members: dict[str, list[int]] = {}
    for row, area in area_of.items():
        members.setdefault(area, []).append(row)
    return {
        row: [other for other in members.get(area_of.get(row, ""), ()) if other != row]
        for row in rows.tolist()
    }


def days_touched(window: MeterMatrix, zone: ZoneInfo, slots: NDArray[np.intp]) -> int:
    """Return on how many local days the slots begin."""
    return len({from_numpy(at).astimezone(zone).date() for at in window.starts_at[slots]})


def bypass_correction(window: MeterMatrix, rated: Ratings, stretch: Stretch) -> dict[str, Json]:
    """Return factor and missing energy of a stretch in which the line carried less than the neutral."""
    row, where = stretch.row, slice(stretch.first, stretch.end)
    line, neutral, power_kw = (column(window, q, row, where) for q in _QUANTITIES)
    usual_a, _, usual_kw = (column(window, q, row, before(stretch)) for q in _QUANTITIES)
    known = np.isfinite(usual_a) & np.isfinite(usual_kw)
    total_a = float(usual_a[known].sum())
    per_ampere = float(usual_kw[known].sum()) / total_a if total_a > 0 else np.nan
    tells = line > MEASURABLE * neutral
    true_kw = np.where(tells, power_kw / np.where(tells, line, 1.0), per_ampere) * np.maximum(neutral, line)
    ratio = rated.ratio_in(row, where)
    return correction(window, stretch, true_kw * ratio, power_kw * ratio, how=HOW)


_QUANTITIES = (Quantity.CURRENT_A, Quantity.CURRENT_N, Quantity.ACTIVE_POWER_A)
