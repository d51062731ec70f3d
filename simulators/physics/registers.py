"""The registers of a simulated meter: energy by rate, quadrant and phase, and the month's maximum demand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.quantities import Quantity
from simulators.physics.loads import LoadCurve
from simulators.physics.local_time import local_times

Column = NDArray[np.float64]
Table = NDArray[np.float64]
"""A row for each register, a column for each slot."""

TIMETABLE: Sequence[tuple[int, int]] = ((0, 4), (7, 3), (8, 2), (11, 3), (13, 2), (19, 1), (21, 2), (23, 4))
"""Local hour from which a rate runs, and the rate: 1 尖 sharp, 2 峰 peak, 3 平 flat, 4 谷 valley."""
RATES = (1, 2, 3, 4)
RATE_SHARES: Mapping[int, float] = MappingProxyType({1: 0.11, 2: 0.38, 3: 0.21, 4: 0.30})
"""How the energy that a register showed at the start is spread over its rates."""
REACTIVE_SHARE = 0.3
"""kvarh in QI for each kWh that the register showed at the start."""
DEMAND_MINUTES = 15
BLOCK_SLOTS = 32
"""How many slots lie between two kept values of a register."""


def rate_of_hours(hour: Column) -> NDArray[np.int64]:
    """Return the rate number that runs at each local hour."""
    starts = np.array([start for start, _ in TIMETABLE])
    rates = np.array([rate for _, rate in TIMETABLE], dtype=np.int64)
    return rates[np.searchsorted(starts, hour, side="right") - 1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeteredPower:
    """What a meter measures, slot by slot, kW + j kvar on the primary side."""

    grid: LoadCurve
    """The sum of all elements; it says how long a slot is and when the first one begins."""
    by_phase: Mapping[str, Column]
    """Active power of each phase that is counted apart."""
    ratio: float
    """CT x PT: primary over secondary side."""


class EnergyRegisters:
    """Every energy register, secondary side: active by direction, rate and phase, reactive by quadrant.

    Thousands of meters fit into one process because a register is kept once in :data:`BLOCK_SLOTS` slots; the
    slots of the block that was read last are worked out between.
    """

    def __init__(
        self, power: MeteredPower, *, zone: ZoneInfo, base_kwh: float, bases: Sequence[float]
    ) -> None:
        """Integrate the power.

        Args:
            power: What is measured.
            zone: On whose clock the rates go.
            base_kwh: The register of active import at the curve's start; its rates and others follow from it.
            bases: The same of each phase.
        """
        grid = power.grid
        self._power, self._slots, self._hours = power, grid.active_kw.size, grid.slot_hours
        self._runs = _rates_that_run(grid.starts_at, self._slots, grid.minutes, zone)
        kept = [base_kwh * RATE_SHARES[number] for number in RATES] + [0.0] * len(RATES)
        kept += [base_kwh * REACTIVE_SHARE, 0.0, 0.0, 0.0, base_kwh * math.hypot(1.0, REACTIVE_SHARE)]
        kept += [side for base, _ in zip(bases, power.by_phase, strict=False) for side in (base, 0.0)]
        self._phase_names = [
            Quantity(f"active_energy_{direction}_{phase}")
            for phase in power.by_phase
            for direction in ("import", "export")
        ]
        edges = np.arange(0, self._slots, BLOCK_SLOTS)
        grown = np.add.reduceat(self._flows(slice(0, self._slots)), edges, axis=1) * self._hours
        begin = np.array(kept)[:, None]
        self._at_blocks = np.concatenate([begin, begin + np.cumsum(grown[:, :-1], axis=1)], axis=1)
        self._block: tuple[int, Table, Table] | None = None

    def read(self, slot: int, hours: float) -> dict[Quantity, float]:
        """Return every register some hours into a slot; totals are the sums of their rates."""
        at_start, per_hour = self._within_block(slot // BLOCK_SLOTS)
        place = slot % BLOCK_SLOTS
        values: list[float] = (at_start[:, place] + per_hour[:, place] * hours).tolist()
        imported, exported = values[:4], values[4:8]
        q1, q2, q3, q4, apparent, *phases = values[8:]
        # The factory's combination word 05H: combined is import plus export.
        combined = [forward + reverse for forward, reverse in zip(imported, exported, strict=True)]
        shown = dict(zip(_IMPORT, (sum(imported), *imported), strict=True))
        shown.update(zip(_EXPORT, (sum(exported), *exported), strict=True))
        shown.update(zip(_COMBINED, (sum(combined), *combined), strict=True))
        shown.update(zip(_REACTIVE, (q1 + q2, q3 + q4, q1, q2, q3, q4), strict=True))
        shown[Quantity.APPARENT_ENERGY_IMPORT] = apparent
        shown.update(zip(self._phase_names, phases, strict=True))
        return shown

    def _within_block(self, block: int) -> tuple[Table, Table]:
        """Return the registers at the start of each slot of a block, and how fast they grow there."""
        if self._block is None or self._block[0] != block:
            per_hour = self._flows(slice(block * BLOCK_SLOTS, min((block + 1) * BLOCK_SLOTS, self._slots)))
            at_start = np.cumsum(per_hour, axis=1) * self._hours
            at_start -= per_hour * self._hours
            at_start += self._at_blocks[:, block : block + 1]
            self._block = (block, at_start, per_hour)
        return self._block[1], self._block[2]

    def _flows(self, where: slice) -> Table:
        """Return how fast each register grows in some slots, in kW, kvar and kVA, one row a register."""
        grid, ratio = self._power.grid, self._power.ratio
        p_kw, q_kvar = grid.active_kw[where] / ratio, grid.reactive_kvar[where] / ratio
        imported, exported = np.maximum(p_kw, 0.0), np.maximum(-p_kw, 0.0)
        lagging, leading = np.maximum(q_kvar, 0.0), np.maximum(-q_kvar, 0.0)
        importing = p_kw >= 0
        runs = self._runs[:, where]
        phases = [
            np.maximum(sign * active[where] / ratio, 0.0)
            for active in self._power.by_phase.values()
            for sign in (1.0, -1.0)
        ]
        # IEC quadrants: QI and QIV import, QII and QIII export; QI and QII take positive kvar.
        flows: Table = np.vstack(
            [
                runs * imported,
                runs * exported,
                lagging * importing,
                lagging * ~importing,
                leading * ~importing,
                leading * importing,
                np.hypot(p_kw, q_kvar) * importing,
                *phases,
            ],
            dtype=np.float64,
        )
        return flows


@lru_cache(maxsize=16)
def _rates_that_run(starts_at: datetime, slots: int, minutes: int, zone: ZoneInfo) -> Table:
    """Return 1 for each rate and slot where it runs, else 0; one table for all meters on one grid."""
    rate = rate_of_hours(local_times(starts_at, slots, minutes, zone).hour)
    runs: Table = (rate == np.array(RATES)[:, None]).astype(np.float64)
    return runs


class DemandRegister:
    """Maximum demand of the local month, in blocks of a quarter of an hour, secondary side."""

    def __init__(self, power: MeteredPower, *, zone: ZoneInfo) -> None:
        """Average the import into blocks; each month's running maximum is worked out when it is asked."""
        grid = power.grid
        self._power, self._zone = power, zone
        self._minutes = max(DEMAND_MINUTES, grid.minutes)
        self._slots_per_block = self._minutes // grid.minutes
        self._slot_hours = grid.slot_hours
        # A curve shorter than one block has no demand yet; its single block stays at the mean.
        self._blocks = max(grid.active_kw.size // self._slots_per_block, 1)
        self._start_s, self._block_s = grid.starts_at.timestamp(), self._minutes * 60

    def read(self, slot: int, hours: float) -> dict[Quantity, float]:
        """Return present and maximum demand in kW, and when the maximum's block ended (POSIX seconds)."""
        slots_done = slot + int(hours / self._slot_hours + 1e-9)
        block = min(slots_done // self._slots_per_block, self._blocks) - 1
        if block < 0:
            return {}
        best = self._best.item(block)
        return {
            Quantity.DEMAND_IMPORT: self._block_kw(block),
            Quantity.MAX_DEMAND_IMPORT: self._block_kw(best),
            Quantity.MAX_DEMAND_IMPORT_AT: self._start_s + self._block_s * (best + 1),
        }

    def _block_kw(self, block: int) -> float:
        first = block * self._slots_per_block
        active: list[float] = self._power.grid.active_kw[first : first + self._slots_per_block].tolist()
        return sum(max(kw, 0.0) for kw in active) / len(active) / self._power.ratio

    @cached_property
    def _best(self) -> NDArray[np.int32]:
        grid = self._power.grid
        whole = np.resize(np.maximum(grid.active_kw, 0.0), self._blocks * self._slots_per_block)
        block_kw = whole.reshape(self._blocks, self._slots_per_block).mean(axis=1)
        month = local_times(grid.starts_at, self._blocks, self._minutes, self._zone).month
        return _best_of_each_month(block_kw, month)


def _best_of_each_month(block_kw: Column, month: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return for each block the earlier (or same) block of its month with the greatest demand."""
    edges = np.flatnonzero(np.diff(month)) + 1
    best: list[NDArray[np.int64]] = []
    for first, own in zip((0, *edges.tolist()), np.split(block_kw, edges), strict=True):
        held = np.maximum.accumulate(own)
        rises = np.concatenate([[True], own[1:] > held[:-1]])
        best.append(first + np.maximum.accumulate(np.where(rises, np.arange(own.size), 0)))
    return np.concatenate(best).astype(np.int32)


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
