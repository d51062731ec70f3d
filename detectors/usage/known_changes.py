"""Changes of use that the archive explains: suspensions (报停) and new contracts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.model import MeterId
from pipeline.registry import Registry

Bools = NDArray[np.bool_]


def suspended_days(window: MeterMatrix, daily: DailyRows, registry: Registry) -> Bools:
    """Return the local days, shape (meters, days), that a suspension or closing of the point touches."""
    mask: Bools = np.zeros(daily.kwh.shape, dtype=np.bool_)
    row_of = {meter: row for row, meter in enumerate(window.meters)}
    for suspension in registry.suspensions:
        for row in _rows(row_of, registry, suspension.service_point):
            first = _day(daily, row, suspension.starts_at)
            last = mask.shape[1] if suspension.ends_at is None else _day(daily, row, suspension.ends_at) + 1
            mask[row, max(first, 0) : max(last, 0)] = True
    return mask


def contract_starts(window: MeterMatrix, daily: DailyRows, registry: Registry) -> Bools:
    """Return the local days, shape (meters, days), on which a contract began.

    A new customer, declared generation, another capacity: what was usual before says nothing any more.
    """
    mask: Bools = np.zeros(daily.kwh.shape, dtype=np.bool_)
    if not mask.shape[1]:
        return mask
    row_of = {meter: row for row, meter in enumerate(window.meters)}
    for contract in registry.contracts:
        if contract.starts_at is None:
            continue
        for row in _rows(row_of, registry, contract.service_point):
            day = _day(daily, row, contract.starts_at)
            if 0 <= day < mask.shape[1]:
                mask[row, day] = True
    return mask


def _rows(row_of: Mapping[MeterId, int], registry: Registry, point: str) -> Iterator[int]:
    wanted = {placed.meter for placed in registry.installations_by_point.get(point, ())}
    return (row_of[meter] for meter in wanted if meter in row_of)


def _day(daily: DailyRows, row: int, instant: datetime) -> int:
    """Return the column of a meter's local day; it may lie outside."""
    day = np.datetime64(instant.astimezone(daily.zones[row]).date())
    return int((day - daily.days[0]).astype(np.int64))
