"""Like customers (同类用户): those of one class in one area, so that weather and season are the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from pipeline.archive_records import MemberRole
from pipeline.block import MeterMatrix
from pipeline.registry import Registry, Role, in_force, latest

Group = tuple[str, str, bool]
"""Area, class of the contract ("" where none is on record), whether it may feed the grid."""


def peers(window: MeterMatrix, registry: Registry, at: datetime) -> Mapping[Group, NDArray[np.intp]]:
    """Return the rows of like customers by their group, as filed at an instant.

    Only main meters of customers count, and a point without an area has no like ones.
    """
    rows: dict[Group, list[int]] = {}
    areas = _areas(registry, at)
    for row, meter in enumerate(window.meters):
        placed = latest(
            i for i in registry.installations_by_meter.get(meter, ()) if in_force(i.starts_at, i.ends_at, at)
        )
        if placed is None or placed.role is not Role.MAIN or placed.service_point not in areas:
            continue
        contract = registry.contract_of(placed.service_point, at)
        category = "" if contract is None else contract.category or ""
        feeds = contract is not None and bool(contract.generation)
        rows.setdefault((areas[placed.service_point], category, feeds), []).append(row)
    return {group: np.array(own, dtype=np.intp) for group, own in rows.items()}


def _areas(registry: Registry, at: datetime) -> dict[str, str]:
    """Return the area of each customer's point; points that supply an area are none."""
    areas = {point.id: point.area for point in registry.service_points if point.area is not None}
    members = [m for m in registry.area_members if in_force(m.starts_at, m.ends_at, at)]
    areas |= {m.service_point: m.area for m in members}
    for member in members:
        if member.role is MemberRole.SUPPLY:
            areas.pop(member.service_point, None)
    return areas
