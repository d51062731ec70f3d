"""What a customer draws: the main meters' energy minus that of the meters to subtract, slot by slot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.block import MeterMatrix, Times
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Installation, Registry, Role
from pipeline.timegrid import lie_in, touch

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePointLoad:
    """The load of one service point; each array has shape (slots,), NaN where missing."""

    meters: tuple[MeterId, ...]
    """Those in the window, main meters first."""
    absent: tuple[MeterId, ...]
    """Those that belong to it and of which the window has nothing."""
    starts_at: Times
    minutes: int
    kwh: Floats
    """Net import on the primary side, estimated slots included."""
    actual: NDArray[np.bool_]
    """Whether every meter's energy of the slot is of quality ``A``."""
    step_kwh: Floats
    """How far counting in whole steps may be off: the steps of all meters in force."""
    power_kw: Floats
    """Net active power as measured at the slot's start."""
    kvar: Floats
    """Net reactive power: the slot's mean where its energy is kept, else as measured at its start."""
    demand_kw: Floats
    """Present demand as the meter showed it at the slot's start; only where one meter alone measures."""

    @property
    def kw(self) -> Floats:
        """Mean power of each slot."""
        return self.kwh * 60.0 / self.minutes


def service_point_load(
    window: MeterMatrix, registry: Registry, service_point: str, slots: slice
) -> ServicePointLoad | None:
    """Return the load of a service point; None if the window has none of its meters."""
    placed = [i for i in registry.installations_of(service_point) if i.role is not Role.CHECK]
    starts_at = window.starts_at[slots]
    ends_at = starts_at + np.timedelta64(window.minutes * 60_000_000, "us")
    placed = [i for i in placed if touch(starts_at, ends_at, i.starts_at, i.ends_at).any()]
    wanted = {i.meter for i in placed}
    rows = {meter: row for row, meter in enumerate(window.meters) if meter in wanted}
    if not any(i.meter in rows for i in placed):
        return None
    total = _Sum(window, registry, slots)
    for installation in placed:
        total.add(installation, rows.get(installation.meter), starts_at, ends_at)
    return total.load(_meters(placed, rows, present=True), _meters(placed, rows, present=False), starts_at)


class _Sum:
    """Adds up installation after installation."""

    def __init__(self, window: MeterMatrix, registry: Registry, slots: slice) -> None:
        self._window, self._registry, self._slots = window, registry, slots
        size = len(window.starts_at[slots])
        self._kwh, self._step = np.zeros(size), np.zeros(size)
        self._power, self._kvar, self._demand = np.zeros(size), np.zeros(size), np.zeros(size)
        self._mains, self._others = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
        self._actual = np.ones(size, dtype=np.bool_)

    def add(self, placed: Installation, row: int | None, starts_at: Times, ends_at: Times) -> None:
        """Add one meter for the slots in which it hangs there.

        The slot of a meter change counts where the closing or opening register was written down, so that the
        energy of the part in which the meter hung is known; else it is missing.
        """
        touched = touch(starts_at, ends_at, placed.starts_at, placed.ends_at)
        is_held = lie_in(starts_at, ends_at, placed.starts_at, placed.ends_at)
        whole = touched & (is_held | bool(placed.closing or placed.opening))
        is_main = placed.role is Role.MAIN
        (self._mains if is_main else self._others)[touched] += 1
        self._kwh[touched & ~whole] = np.nan
        if row is None:
            for column in (self._kwh, self._power, self._kvar, self._demand):
                column[touched] = np.nan
            return
        window, slots, sign = self._window, self._slots, 1.0 if is_main else -1.0
        self._kwh[whole] += sign * window.import_kwh[row, slots][whole]
        self._actual &= ~touched | (window.quality[row, slots] == "A")
        self._step[touched] += np.nan_to_num(window.step_kwh[row])
        self._power[touched] += sign * window.power_kw[row, slots][touched]
        ratio = self._ratio(row)
        self._kvar[touched] += sign * self._reactive(row, ratio)[touched]
        self._demand[touched] += (ratio * self._value(Quantity.DEMAND_IMPORT, row))[touched]

    def load(
        self, meters: Sequence[MeterId], absent: Sequence[MeterId], starts_at: Times
    ) -> ServicePointLoad:
        """Return the sum; slots without a main meter are missing."""
        unmeasured = self._mains == 0
        for column in (self._kwh, self._power, self._kvar, self._demand):
            column[unmeasured] = np.nan
        self._demand[self._mains + self._others > 1] = np.nan
        return ServicePointLoad(
            meters=tuple(meters),
            absent=tuple(absent),
            starts_at=starts_at,
            minutes=self._window.minutes,
            kwh=self._kwh,
            actual=self._actual & np.isfinite(self._kwh),
            step_kwh=self._step,
            power_kw=self._power,
            kvar=self._kvar,
            demand_kw=self._demand,
        )

    def _ratio(self, row: int) -> Floats:
        """What makes the meter's own values primary ones: shape (slots,), or (1,) where none changes."""
        known = self._registry.meter_by_id.get(self._window.meters[row])
        if known is None:
            return np.ones(1)
        if self._window.ratios is not None:
            return self._window.ratios[row, self._slots]
        return self._window.step_kwh[row : row + 1] / known.resolution

    def _reactive(self, row: int, ratio: Floats) -> Floats:
        """Mean reactive power of the slots, else what was measured at their starts."""
        measured = ratio * self._value(Quantity.REACTIVE_POWER, row)
        if self._window.import_kvarh is None:
            return measured
        mean = self._window.import_kvarh[row, self._slots] * 60.0 / self._window.minutes
        return np.where(np.isfinite(mean), mean, measured)

    def _value(self, quantity: Quantity, row: int) -> Floats:
        values = self._window.values.get(quantity)
        if values is None:
            return np.full(len(self._kwh), np.nan)
        return values[row, self._slots].astype(np.float64)


def _meters(placed: Sequence[Installation], rows: dict[MeterId, int], *, present: bool) -> list[MeterId]:
    chosen = [i for i in placed if (i.meter in rows) == present]
    ordered = sorted(chosen, key=lambda i: (i.role is not Role.MAIN, i.meter))
    return list(dict.fromkeys(i.meter for i in ordered))
