"""What registers grew on local days (日冻结示值之差): exact for a day, whichever of its slots are missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.metering.power_energy import day_ratios, ratio_changes
from detectors.ratings import ratings
from pipeline.block import MeterMatrix
from pipeline.daily_reduction import counts_energy, known_days, known_energy
from pipeline.daily_rows import DailyRows, Floats
from pipeline.intervals import most_per_hour
from pipeline.quantities import Quantity
from pipeline.registry import Registry

NET = (Quantity.ACTIVE_ENERGY_IMPORT, Quantity.ACTIVE_ENERGY_EXPORT)
"""The registers at the end of a day that its net energy is worked out from."""
STEPS = 2.0
"""Register steps by which slots and registers may differ: each is cut off at either end."""
MOST_FACTOR = 1.2
"""A slot that is missing may have been so much above the greatest power so far, not more."""
_EXPORT = "export_kwh"
_HOUR_US = 3_600_000_000


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
    ratio = np.broadcast_to(day_ratios(window, daily, ratings(window, registry)), grown.shape)
    grown[:, 1:] = np.diff(column, axis=1) * ratio[:, 1:]
    grown[grown < 0] = np.nan
    grown[list(ratio_changes(window, registry))] = np.nan
    return grown


def net_register_kwh(window: MeterMatrix, daily: DailyRows, registry: Registry) -> Floats:
    """Return the net import of each day by registers; NaN where they are missing or do not fit the slots."""
    imported, exported = register_flows_kwh(window, daily, registry)
    return imported - exported


def register_flows_kwh(window: MeterMatrix, daily: DailyRows, registry: Registry) -> tuple[Floats, Floats]:
    """Return import and export of each day by registers; NaN where they are missing or do not fit the slots.

    Either grows on a day by no less than its known slots, and by no more than these with the missing ones at
    the greatest power so far, or where no slot tells of a power at what the meter can measure: a register
    that ran away or was read at another time closes no gap. A meter that never counts export exports nothing.
    """
    grown, export = (register_kwh(window, daily, registry, quantity) for quantity in NET)
    most_kw = _measurable_kw(window, registry)
    allowed = STEPS * window.step_kwh[:, None]
    import_slots = _Known(
        kwh=np.nan_to_num(daily.kwh),
        missing_h=_hours(daily) * (1.0 - np.clip(daily.coverage, 0.0, 1.0)),
        greatest_kw=daily.max_kw,
    )
    export_slots = _export(window, daily, import_slots)
    feeds = (export_slots.kwh > 0).any(axis=1, keepdims=True)
    exports = np.isfinite(export).any(axis=1, keepdims=True) | feeds
    imported = np.where(import_slots.fits(grown, most_kw, allowed), grown, np.nan)
    exported = np.where(export_slots.fits(export, most_kw, allowed), export, np.nan)
    return imported, np.where(exports, exported, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the known slots of each day tell of an energy, shape (meters, days)."""

    kwh: Floats
    missing_h: Floats
    """Hours of which no slot is known."""
    greatest_kw: Floats
    """Of a slot; NaN where none is known."""

    def fits(self, grown: Floats, most_kw: Floats, allowed: Floats) -> NDArray[np.bool_]:
        """Tell where a growth is what the known slots and possible others add up to."""
        greatest_kw = MOST_FACTOR * np.fmax.accumulate(self.greatest_kw, axis=1)
        greatest_kw = np.where(np.isnan(greatest_kw), most_kw, greatest_kw)
        most = np.zeros_like(self.missing_h)
        np.multiply(self.missing_h, greatest_kw, out=most, where=self.missing_h > 0)
        return (grown >= self.kwh - allowed) & (grown <= self.kwh + most + allowed)


def _export(window: MeterMatrix, daily: DailyRows, imported: _Known) -> _Known:
    """Return what slots tell of export; of a meter without known export slots nothing is known."""
    by_days = daily.energies.get(_EXPORT)
    counted = counts_energy(window, daily, _EXPORT)
    known = _Known(
        kwh=np.zeros_like(imported.kwh) if by_days is None else np.nan_to_num(by_days),
        missing_h=np.where(counted[:, None], imported.missing_h, _hours(daily)),
        greatest_kw=np.where(counted[:, None] & (daily.coverage > 0), 0.0, np.nan),
    )
    if by_days is None:
        return known
    is_part = np.isnan(by_days) & (daily.coverage > 0)
    rows = np.flatnonzero(counted & ((known.kwh > 0) | is_part).any(axis=1))
    if _EXPORT not in window.energies:
        # A day's sum tells of no power in it.
        known.greatest_kw[rows] = np.nan
    elif len(rows):
        slots = known_energy(window, _EXPORT, rows)
        kwh, count, greatest = known_days(window, daily, slots, rows)
        known.kwh[rows] = np.nan_to_num(kwh)
        known.missing_h[rows] = _hours(daily)[rows] - np.nan_to_num(count) * window.minutes / 60.0
        known.greatest_kw[rows] = greatest * 60.0 / window.minutes
    return known


def _hours(daily: DailyRows) -> Floats:
    """Return the length of each day: there are local days of 23 and of 25 hours."""
    begins, ends = daily.edges()
    hours: Floats = (ends - begins) / _HOUR_US
    return hours


def _measurable_kw(window: MeterMatrix, registry: Registry) -> Floats:
    """Return the power that no meter's register can pass, primary side, shape (meters, 1)."""
    meters = [registry.meter_by_id.get(name) for name in window.meters]
    most = [np.inf if meter is None else most_per_hour(meter) * meter.resolution for meter in meters]
    ratio = ratings(window, registry).ratio
    greatest = np.fmax.reduce(ratio, axis=1, keepdims=True)
    kw: Floats = np.array(most)[:, None] * np.where(np.isnan(greatest), 1.0, greatest)
    return kw
