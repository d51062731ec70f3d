"""Which bills (电费账单) a change of intervals touches: service point, settlement month and energy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times
from pipeline.model import MeterId
from pipeline.registry import Registry, Role, in_force
from pipeline.timegrid import from_numpy

SIGN = {Role.MAIN: 1.0, Role.SUBTRACT: -1.0}
"""How a meter's energy counts at its service point; a check meter's does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchedBill:
    """One month of one service point whose energy is no longer what it was."""

    service_point: str
    month: str
    """``YYYY-MM`` in the zone of the service point's area."""
    before_kwh: float
    """Sum of the changed slots as they were; what was missing counts nothing."""
    after_kwh: float
    slots: int


def touched_bills(
    registry: Registry,
    meters: Sequence[MeterId],
    starts_at: Times,
    before: NDArray[np.float64],
    after: NDArray[np.float64],
) -> list[TouchedBill]:
    """Return the bills that a change touches, by service point and month.

    Args:
        registry: The archive: who hung where, in which role.
        meters: The meter of each changed interval.
        starts_at: Its start.
        before: Its energy as given out before, kWh; NaN where nothing was.
        after: Its energy now, kWh; NaN where nothing is.
    """
    placed = defaultdict(list)
    for installation in registry.installations:
        placed[installation.meter].append(installation)
    zones: dict[str, ZoneInfo] = {}
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    for row in np.flatnonzero(~same):
        instant = from_numpy(starts_at[row])
        for installation in placed[meters[int(row)]]:
            point, sign = installation.service_point, SIGN.get(installation.role)
            if (
                point is None
                or sign is None
                or not in_force(installation.starts_at, installation.ends_at, instant)
            ):
                continue
            zone = zones.setdefault(point, registry.zone_of(point))
            total = sums[point, instant.astimezone(zone).strftime("%Y-%m")]
            total[0] += sign * float(np.nan_to_num(before[row]))
            total[1] += sign * float(np.nan_to_num(after[row]))
            total[2] += 1
    return [
        TouchedBill(service_point=point, month=month, before_kwh=was, after_kwh=now, slots=int(slots))
        for (point, month), (was, now, slots) in sorted(sums.items())
    ]
