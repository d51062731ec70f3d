"""What of the transformers of a service point or an area runs in each slot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.archive_records import Transformer
from pipeline.block import Times
from pipeline.registry import Registry
from pipeline.timegrid import begin_in

Floats = NDArray[np.float64]


def area_capacity_kva(registry: Registry, area: str, starts_at: Times) -> Floats | None:
    """Return the capacity of an area's transformers in service, shape (slots,); None if not filed."""
    return _in_service([t for t in registry.transformers if t.area == area], starts_at)


def point_capacity_kva(registry: Registry, point: str, starts_at: Times) -> Floats | None:
    """Return the capacity of a customer's own transformers that runs, shape (slots,); None if not filed.

    Units that a suspension (暂停, 减容) names rest; one that names none leaves what it says remains. NaN
    where nothing runs.
    """
    units = [t for t in registry.transformers if t.service_point == point]
    resting = [s for s in registry.suspensions_by_point.get(point, ()) if s.transformers]
    off = {
        unit: np.any(
            [begin_in(starts_at, s.starts_at, s.ends_at) for s in resting if unit in s.transformers], axis=0
        )
        for unit in {unit for s in resting for unit in s.transformers}
    }
    running = _in_service(units, starts_at, off)
    if running is None:
        return None
    for suspension in registry.suspensions_by_point.get(point, ()):
        if not suspension.transformers:
            during = begin_in(starts_at, suspension.starts_at, suspension.ends_at)
            running[during] = np.minimum(running[during], suspension.remaining_kva)
    return np.where(running > 0, running, np.nan)


def _in_service(
    units: Sequence[Transformer], starts_at: Times, off: dict[str, NDArray[np.bool_]] | None = None
) -> Floats | None:
    """Return the capacity of units since each came into service, less those that are off."""
    total = np.zeros(len(starts_at))
    found = False
    for unit in units:
        runs = begin_in(starts_at, unit.starts_at, None)
        if not runs.any():
            continue
        if unit.capacity_kva is None:
            return None
        found = True
        total[runs & ~(off or {}).get(unit.id, np.zeros(len(starts_at), np.bool_))] += unit.capacity_kva
    return np.where(total > 0, total, np.nan) if found else None
