"""What registers grew on local days (日冻结示值之差): exact for a day, whichever of its slots are missing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.metering.power_energy import ratio_changes
from detectors.ratings import ratings
from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows, Floats
from pipeline.quantities import Quantity
from pipeline.registry import Registry

NET = (Quantity.ACTIVE_ENERGY_IMPORT, Quantity.ACTIVE_ENERGY_EXPORT)
"""The registers at the end of a day that its net energy is worked out from."""
STEPS = 2.0
"""Register steps by which slots and registers may differ: each is cut off at either end."""
MOST_FACTOR = 1.2
"""A slot that is missing may have been so much above the greatest power so far, not more."""


def register_kwh(
    window: MeterMatrix,
    daily: DailyRows,
    registry: Registry,
    quantity: Quantity = Quantity.ACTIVE_ENERGY_IMPORT,
) -> Floats:
    """Return what a register grew on each day, primary side; NaN where it fell or the ratio changed."""
    column = daily.registers.get(quantity)
    grown = np.full(daily.kwh.shape, np.nan)
    if column is None:
        return grown
    grown[:, 1:] = np.diff(column, axis=1) * ratings(window, registry).ratio[:, None]
    grown[grown < 0] = np.nan
    grown[list(ratio_changes(window, registry))] = np.nan
    return grown


def net_register_kwh(window: MeterMatrix, daily: DailyRows, registry: Registry) -> Floats:
    """Return the net import of each day by registers; NaN where they are missing or do not fit the slots."""
    imported, exported = register_flows_kwh(window, daily, registry)
    return imported - exported


def register_flows_kwh(window: MeterMatrix, daily: DailyRows, registry: Registry) -> tuple[Floats, Floats]:
    """Return import and export of each day by registers; NaN where they are missing or do not fit the slots.

    A day's growth is no less than its known slots, and no more than these with the missing ones at the
    greatest power so far: a register that ran away or was read at another time closes no gap. A meter that
    never counts export exports nothing.
    """
    grown, export = (register_kwh(window, daily, registry, quantity) for quantity in NET)
    known = np.nan_to_num(daily.kwh)
    greatest_kw = np.fmax.accumulate(daily.max_kw, axis=1)
    # Of a meter without any slots nothing else is known.
    greatest_kw = np.where(np.isnan(greatest_kw), np.inf, greatest_kw)
    missing_h = 24.0 * (1.0 - np.clip(daily.coverage, 0.0, 1.0))
    allowed = STEPS * window.step_kwh[:, None]
    most = np.zeros_like(missing_h)
    np.multiply(MOST_FACTOR * missing_h, greatest_kw, out=most, where=missing_h > 0)
    fits = (grown >= known - allowed) & (grown <= known + most + allowed)
    exports = np.isfinite(export).any(axis=1, keepdims=True) | _feeds(daily)
    return np.where(fits, grown, np.nan), np.where(exports, export, 0.0)


def _feeds(daily: DailyRows) -> NDArray[np.bool_]:
    """Tell of each meter whether its slots ever show export: then its register of it is needed too."""
    export = daily.energies.get("export_kwh")
    if export is None:
        return np.zeros((len(daily.kwh), 1), dtype=np.bool_)
    feeds: NDArray[np.bool_] = np.nan_to_num(export).max(axis=1, keepdims=True, initial=0.0) > 0
    return feeds
