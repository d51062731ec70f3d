"""Where the supply is known to have been off (停电): the meters' power-down events and planned work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

import numpy as np

from pipeline.archive_records import SUPPLY_OFF
from pipeline.block import Times
from pipeline.model import MeterId
from pipeline.registry import Registry
from pipeline.timegrid import to_numpy
from pipeline.vee_window import Mask
from storage.events import PowerDown

Stretch: TypeAlias = tuple[MeterId, datetime, datetime]
"""A meter without supply from an instant to another."""


def outages(
    registry: Registry,
    power_downs: Sequence[PowerDown],
    row_of: Mapping[MeterId, int],
    grid: Times,
    minutes: int,
) -> Mask:
    """Return the slots, shape (meters, slots), in the whole of which there was no supply.

    Stretches that touch one another count as one. A work order without an end says nothing: nobody knows yet
    how long the supply was off.
    """
    off = np.zeros((len(row_of), len(grid)), dtype=np.bool_)
    stretches: dict[MeterId, list[tuple[datetime, datetime]]] = {}
    for meter, begins, ends in (*_told_by_meters(power_downs), *_planned(registry)):
        stretches.setdefault(meter, []).append((begins, ends))
    for meter, row in row_of.items():
        for begins, ends in _joined(stretches.get(meter, [])):
            first = np.searchsorted(grid, to_numpy(begins))
            last = np.searchsorted(grid + np.timedelta64(minutes, "m"), to_numpy(ends), side="right")
            off[row, first:last] = True
    return off


def _told_by_meters(power_downs: Sequence[PowerDown]) -> Iterator[Stretch]:
    for down in power_downs:
        yield down.meter, down.starts_at, down.ends_at


def _planned(registry: Registry) -> Iterator[Stretch]:
    """Yield the planned outages of each meter while it hung at their service points."""
    for order in registry.work_orders:
        if order.kind not in SUPPLY_OFF or order.ends_at is None:
            continue
        for installation in registry.installations:
            if installation.service_point != order.service_point:
                continue
            begins = max(order.starts_at, installation.starts_at or order.starts_at)
            ends = min(order.ends_at, installation.ends_at or order.ends_at)
            if begins < ends:
                yield installation.meter, begins, ends


def _joined(stretches: Sequence[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    joined: list[tuple[datetime, datetime]] = []
    for begins, ends in sorted(stretches):
        if joined and begins <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], ends)
        else:
            joined.append((begins, ends))
    return joined
