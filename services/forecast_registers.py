"""The highest demand that a month's demand registers (最大需量) show so far, beside that of the intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times
from pipeline.model import MeterId
from pipeline.registry import Registry, Role, in_force
from pipeline.timegrid import to_numpy
from services.forecast_energies import point_alone
from services.load_facts import Shown, primary_readings


def register_demand_kw(
    archive: Registry,
    shown: Mapping[MeterId, Shown],
    meter: MeterId,
    month: tuple[datetime, datetime],
    primary: frozenset[str],
) -> float | None:
    """Return the highest demand that a register timed within a month, primary side; None where none did.

    The register's own time tells it from that of the month before, so it does not matter when the register is
    reset. Of a point that one meter alone measures those that hung there before it are looked at too; of each
    only what it drew at the point where the meter hangs, not at another one before or after.

    Args:
        archive: The archive.
        shown: What each demand register showed.
        meter: Whose demand.
        month: From the month's start to the instant up to which readings may be looked at.
        primary: The profiles whose values are primary ones already.
    """
    begins, at = (to_numpy(edge) for edge in month)
    place = archive.service_point_of(meter, month[1])
    found = []
    for own in _counting(archive, meter, month[1]):
        readings = primary_readings(archive, shown, own, primary)
        if readings is None:
            continue
        inside = (readings.at > begins) & (readings.at <= at) & (readings.taken_at <= at)
        if place is not None:
            inside &= _hung_at(archive, own, place, readings.at)
        found += readings.kw[inside & np.isfinite(readings.kw)].tolist()
    return max(found, default=None)


def _hung_at(archive: Registry, meter: MeterId, point: str, ends: Times) -> NDArray[np.bool_]:
    """Tell which demands, by their ends, a meter drew while it hung at a point."""
    hung = np.zeros(len(ends), dtype=bool)
    for placed in archive.installations_by_meter.get(meter, ()):
        if placed.service_point != point:
            continue
        within = np.ones(len(ends), dtype=bool)
        if placed.starts_at is not None:
            within &= ends > to_numpy(placed.starts_at)
        if placed.ends_at is not None:
            within &= ends <= to_numpy(placed.ends_at)
        hung |= within
    return hung


def _counting(archive: Registry, meter: MeterId, at: datetime) -> Sequence[MeterId]:
    """Return the meters whose demands are those of a meter's place: its own, and of its predecessors."""
    point = point_alone(archive, meter, at)
    placed = [] if point is None else archive.installations_of(point)
    counted = [i for i in placed if i.role is not Role.CHECK]
    if any(i.role is not Role.MAIN for i in counted):
        return [meter]
    gone = [i.meter for i in counted if not in_force(i.starts_at, i.ends_at, at)]
    return list(dict.fromkeys([meter, *gone]))
