"""The maximum demand (最大需量) that a point's intervals show, where no meter kept one for that time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np

from analysis.settlement.billing_month import PointIntervals
from pipeline.timegrid import from_numpy, to_numpy

DEMAND_MINUTES = 15
"""A demand (需量) is the mean power of so long; shorter intervals are added up, longer ones show none."""
LEAST_KNOWN = 0.99
"""A demand is told from intervals of which at least this share is known."""
DEMAND_DECIMALS = 4
"""Decimals of a kW that a meter's demand register has (DL/T 645-2007 appendix A)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDemand:
    """The largest block of intervals."""

    kw: Decimal
    """On the primary side."""
    at: datetime
    """When it begins."""


def shown_demand(
    intervals: PointIntervals | None, starts_at: datetime, ends_at: datetime
) -> ShownDemand | None:
    """Return the largest demand of ``[starts_at, ends_at)``; None where the intervals do not tell it."""
    slots, rest = (0, 0) if intervals is None else divmod(DEMAND_MINUTES, intervals.minutes)
    if intervals is None or rest or not slots:
        return None
    inside = (intervals.starts_at >= to_numpy(starts_at)) & (intervals.starts_at < to_numpy(ends_at))
    begins, kwh = intervals.starts_at[inside], intervals.import_kwh[inside]
    whole = len(kwh) // slots * slots
    if not whole or np.isfinite(kwh).mean() < LEAST_KNOWN:
        return None
    blocks = kwh[:whole].reshape(-1, slots).sum(axis=1)
    place = int(np.nanargmax(blocks))
    kw = float(blocks[place]) * 60 / DEMAND_MINUTES
    return ShownDemand(kw=Decimal(str(round(kw, DEMAND_DECIMALS))), at=from_numpy(begins[place * slots]))
