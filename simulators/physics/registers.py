"""The registers of a simulated meter: energy by rate, quadrant and phase, and the month's maximum demand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.quantities import Quantity
from simulators.physics.loads import LoadCurve
from simulators.physics.local_time import local_times

Column = NDArray[np.float64]

TIMETABLE: Sequence[tuple[int, int]] = ((0, 4), (7, 3), (8, 2), (11, 3), (13, 2), (19, 1), (21, 2), (23, 4))
"""Local hour from which a rate runs, and the rate: 1 尖 sharp, 2 峰 peak, 3 平 flat, 4 谷 valley."""
RATES = (1, 2, 3, 4)
RATE_SHARES: Mapping[int, float] = MappingProxyType({1: 0.11, 2: 0.38, 3: 0.21, 4: 0.30})
"""How the energy that a register showed at the start is spread over its rates."""
REACTIVE_SHARE = 0.3
"""kvarh in QI for each kWh that the register showed at the start."""
DEMAND_MINUTES = 15


def rate_of_hours(hour: Column) -> NDArray[np.int64]:
    """Return the rate number that runs at each local hour."""
    starts = np.array([start for start, _ in TIMETABLE])
    rates = np.array([rate for _, rate in TIMETABLE], dtype=np.int64)
    return rates[np.searchsorted(starts, hour, side="right") - 1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Counter:
    """One register: its value at each slot's start and how fast it grows within the slot."""

    at_start: Column
    per_hour: Column

    @classmethod
    def of(cls, curve: LoadCurve, power: Column, base: float) -> _Counter:
        """Count a power from a base on; one that is never there takes no memory."""
        if not power.any():
            nothing = np.broadcast_to(np.float64(0.0), power.shape)
            return cls(at_start=np.broadcast_to(np.float64(base), power.shape), per_hour=nothing)
        return cls(at_start=base + curve.cumulated(power), per_hour=power)

    def value(self, slot: int, hours: float) -> float:
        return self.at_start.item(slot) + self.per_hour.item(slot) * hours


class EnergyRegisters:
    """Active energy by direction and rate, and reactive energy by quadrant, secondary side."""

    def __init__(self, curve: LoadCurve, *, ratio: float, zone: ZoneInfo, base_kwh: float) -> None:
        """Integrate the curve; ``ratio`` is CT x PT, ``base_kwh`` the register at the curve's start."""
        times = local_times(curve.starts_at, curve.active_kw.size, curve.minutes, zone)
        rate = rate_of_hours(times.hour)
        p_kw, q_kvar = curve.active_kw / ratio, curve.reactive_kvar / ratio

        def counter(power: Column, base: float) -> _Counter:
            return _Counter.of(curve, power, base)

        imported, exported = np.maximum(p_kw, 0.0), np.maximum(-p_kw, 0.0)
        self._import = [
            counter(np.where(rate == number, imported, 0.0), base_kwh * RATE_SHARES[number])
            for number in RATES
        ]
        self._export = [counter(np.where(rate == number, exported, 0.0), 0.0) for number in RATES]
        lagging, leading = np.maximum(q_kvar, 0.0), np.maximum(-q_kvar, 0.0)
        importing = p_kw >= 0
        # IEC quadrants: QI and QIV import, QII and QIII export; QI and QII take positive kvar.
        self._quadrants = [
            counter(np.where(importing, lagging, 0.0), base_kwh * REACTIVE_SHARE),
            counter(np.where(importing, 0.0, lagging), 0.0),
            counter(np.where(importing, 0.0, leading), 0.0),
            counter(np.where(importing, leading, 0.0), 0.0),
        ]
        apparent = np.where(importing, np.hypot(p_kw, q_kvar), 0.0)
        self._apparent = counter(apparent, base_kwh * math.hypot(1.0, REACTIVE_SHARE))

    def read(self, slot: int, hours: float) -> dict[Quantity, float]:
        """Return every energy register some hours into a slot; totals are the sums of their rates."""
        imported = [counter.value(slot, hours) for counter in self._import]
        exported = [counter.value(slot, hours) for counter in self._export]
        q1, q2, q3, q4 = (counter.value(slot, hours) for counter in self._quadrants)
        # The factory's combination word 05H: combined is import plus export.
        combined = [forward + reverse for forward, reverse in zip(imported, exported, strict=True)]
        shown = dict(zip(_IMPORT, (sum(imported), *imported), strict=True))
        shown.update(zip(_EXPORT, (sum(exported), *exported), strict=True))
        shown.update(zip(_COMBINED, (sum(combined), *combined), strict=True))
        shown.update(zip(_REACTIVE, (q1 + q2, q3 + q4, q1, q2, q3, q4), strict=True))
        shown[Quantity.APPARENT_ENERGY_IMPORT] = self._apparent.value(slot, hours)
        return shown


class PhaseRegisters:
    """Active energy by direction of each phase that a meter counts apart, secondary side."""

    def __init__(
        self, curve: LoadCurve, phases: Mapping[str, Column], *, ratio: float, bases: Sequence[float]
    ) -> None:
        """Integrate the active power of each phase, kW on the primary side, from its share of the base."""
        self._counters: list[tuple[Quantity, _Counter]] = []
        for (phase, power), base in zip(phases.items(), bases, strict=False):
            for direction, sign, start in (("import", 1.0, base), ("export", -1.0, 0.0)):
                flow = np.maximum(sign * power / ratio, 0.0)
                counter = _Counter.of(curve, flow, start)
                self._counters.append((Quantity(f"active_energy_{direction}_{phase}"), counter))

    def read(self, slot: int, hours: float) -> dict[Quantity, float]:
        """Return each phase's registers some hours into a slot."""
        return {quantity: counter.value(slot, hours) for quantity, counter in self._counters}


class DemandRegister:
    """Maximum demand of the local month, in blocks of a quarter of an hour, secondary side."""

    def __init__(self, curve: LoadCurve, *, ratio: float, zone: ZoneInfo) -> None:
        """Average the curve's import into blocks and keep each month's running maximum."""
        minutes = max(DEMAND_MINUTES, curve.minutes)
        self._slots_per_block = minutes // curve.minutes
        self._slot_hours = curve.slot_hours
        imported = np.maximum(curve.active_kw, 0.0) / ratio
        blocks = max(imported.size // self._slots_per_block, 1)
        # A curve shorter than one block has no demand yet; its single block stays at the mean.
        whole = np.resize(imported, blocks * self._slots_per_block)
        self._block_kw = whole.reshape(blocks, self._slots_per_block).mean(axis=1)
        month = local_times(curve.starts_at, blocks, minutes, zone).month
        self._best = _best_of_each_month(self._block_kw, month)
        self._start_s, self._block_s = curve.starts_at.timestamp(), minutes * 60

    def read(self, slot: int, hours: float) -> dict[Quantity, float]:
        """Return present and maximum demand in kW, and when the maximum's block ended (POSIX seconds)."""
        slots_done = slot + int(hours / self._slot_hours + 1e-9)
        block = min(slots_done // self._slots_per_block, self._block_kw.size) - 1
        if block < 0:
            return {}
        best = self._best.item(block)
        return {
            Quantity.DEMAND_IMPORT: self._block_kw.item(block),
            Quantity.MAX_DEMAND_IMPORT: self._block_kw.item(best),
            Quantity.MAX_DEMAND_IMPORT_AT: self._start_s + self._block_s * (best + 1),
        }


def _best_of_each_month(block_kw: Column, month: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each block the earlier (or same) block of its month with the greatest demand."""
    best = np.zeros(block_kw.size, dtype=np.int64)
    for block in range(1, block_kw.size):
        held = best[block - 1]
        new_month = month[block] != month[block - 1]
        best[block] = block if new_month or block_kw[block] > block_kw[held] else held
    return best


def _rated(stem: str) -> tuple[Quantity, ...]:
    return (Quantity(stem), *(Quantity(f"{stem}_t{number}") for number in RATES))


_IMPORT = _rated("active_energy_import")
_EXPORT = _rated("active_energy_export")
_COMBINED = _rated("active_energy_combined")
_REACTIVE = (
    Quantity.REACTIVE_ENERGY_IMPORT,
    Quantity.REACTIVE_ENERGY_EXPORT,
    Quantity.REACTIVE_ENERGY_Q1,
    Quantity.REACTIVE_ENERGY_Q2,
    Quantity.REACTIVE_ENERGY_Q3,
    Quantity.REACTIVE_ENERGY_Q4,
)
