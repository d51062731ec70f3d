"""A fleet over some weeks for the benchmark of detectors: nothing is wrong with it but gaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.catalogue import Needs
from pipeline.archive_records import WorkOrder
from pipeline.block import MeterMatrix
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import DEFAULT_ZONE, Registry
from pipeline.timegrid import local_clock, slot_grid

Floats = NDArray[np.float64]

MINUTES: Final = 15
ENDS_AT: Final = datetime(2026, 4, 30, 16, tzinfo=UTC)
"""Local midnight; the thirty days before it are April."""
GAPS: Final = 0.03
"""Share of the values that are lost: reads one by one, intervals in stretches, for a register tells them."""
GAP_SLOTS: Final = 23 * 4
"""So long an interval is not known; what is missing for a day is an episode."""
STOPPED_EVERY: Final = 20
"""One customer in so many has stopped (暂停) for the first :data:`STOPPED_DAYS`; one has planned work."""
STOPPED_DAYS: Final = 20
POWER_FACTOR: Final = 0.95
BUSY_MINUTES: Final = 8 * 60, 18 * 60
REST_KW: Final = 0.2
NOMINAL_V: Final = 220.0
OWN_PERCENT_PER_KW: Final = 0.3
"""What a customer's own kW takes off at his meter."""
RATES: Final = 4
_BASE_KWH: Final = 1_000.0
PHASES: Final = "abc"
_TAN: Final = float(np.tan(np.arccos(POWER_FACTOR)))


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetMonths:
    """What meters lived through, before any read was lost."""

    registry: Registry
    starts_at: NDArray[np.datetime64]
    kw: Floats
    """Primary side, shape (elements, meters, slots); a single-phase meter has its load on the first."""
    volts: Floats
    """Of the same shape; NaN where a meter has no such element."""
    ratio: Floats
    """Of the current transformers, shape (meters,)."""

    @property
    def meters(self) -> list[MeterId]:
        """The meters, in the order of the rows."""
        return [meter.id for meter in self.registry.meters]

    def window(self, needs: Needs) -> MeterMatrix:
        """Return the columns that a detector names, with their gaps; its records are not among them."""
        random = np.random.default_rng(645)
        shape = self.kw.shape[1:]
        lost = {kind: random.random(shape) < GAPS for kind in ("read", "register")}
        lost["interval"] = _stretches(random, shape)
        kwh = self._seen(self.kw.sum(axis=0) * MINUTES / 60.0, lost["interval"])
        return MeterMatrix(
            meters=self.meters,
            starts_at=self.starts_at,
            minutes=MINUTES,
            values={q: self._seen(self._value(q), lost["read"]).astype(np.float32) for q in needs.quantities},
            import_kwh=kwh,
            quality=np.where(np.isnan(kwh), "N", "A"),
            step_kwh=0.01 * self.ratio,
            power_kw=self._seen(self.kw.sum(axis=0), lost["read"]),
            energies={name: kwh * _share_of(name) for name in needs.energies},
            registers={
                q: self._seen(self._register(q), lost["register"])
                for q in (*needs.registers, *needs.day_registers)
            },
        )

    @staticmethod
    def _seen(column: Floats, lost: NDArray[np.bool_]) -> Floats:
        seen: Floats = np.where(lost, np.nan, column)
        return seen

    def _value(self, quantity: Quantity) -> Floats:
        """Return an electrical quantity on the meter's own side."""
        stem, _, phase = quantity.value.rpartition("_")
        if "power_factor" in quantity.value:
            return np.full(self.kw.shape[1:], POWER_FACTOR)
        if phase not in {*PHASES, "n", "ab", "bc", "ca"}:
            return self._shown(self.kw.sum(axis=0), quantity)
        # What flows out through the neutral of a single-phase meter is what came in.
        element = PHASES.index(phase[0]) if phase[0] in PHASES else 0
        volts: Floats = self.volts[element] * (1.0 if len(phase) == 1 else np.sqrt(len(PHASES)))
        if stem == "voltage":
            return volts
        kw = self._shown(self.kw[element], quantity)
        return kw * 1000.0 / (volts * POWER_FACTOR) if stem == "current" else kw

    def _shown(self, kw: Floats, quantity: Quantity) -> Floats:
        """Return a load as a meter shows it: its own side, active or reactive."""
        shown: Floats = kw / self.ratio[:, None] * (_TAN if "reactive" in quantity.value else 1.0)
        return shown

    def _register(self, quantity: Quantity) -> Floats:
        """Return an energy register at the slots' starts, on the meter's own side."""
        name, _, rate = quantity.value.partition("_t")
        kwh = self.kw.sum(axis=0) / self.ratio[:, None] * (MINUTES / 60.0) * _share_of(name)
        if rate:
            _, minute = local_clock(self.starts_at, DEFAULT_ZONE)
            kwh = np.where(minute // (24 * 60 // RATES) + 1 == int(rate), kwh, 0.0)
        counted = np.cumsum(kwh, axis=1) - kwh
        register: Floats = np.round((_BASE_KWH if rate in {"", "1"} else 0.0) + counted, 2)
        return register


def grid_of(days: int) -> NDArray[np.datetime64]:
    """Return the slots of so many local days."""
    return slot_grid(ENDS_AT - timedelta(days=days), ENDS_AT, MINUTES)


def course_of(starts_at: NDArray[np.datetime64], by_day: NDArray[np.bool_], high_kw: float) -> Floats:
    """Return the usual load of meters that are busy from eight to six, and of others that then rest."""
    minute = local_clock(starts_at, DEFAULT_ZONE)[1]
    is_day = (minute >= BUSY_MINUTES[0]) & (minute < BUSY_MINUTES[1])
    course: Floats = np.where(by_day[:, None] == is_day, high_kw, REST_KW)
    return course


def planned_work(points: Sequence[str], begin: datetime) -> Iterator[WorkOrder]:
    """Yield work of an afternoon at some service points."""
    for point in points[::STOPPED_EVERY]:
        at = begin + timedelta(days=3, hours=1)
        yield WorkOrder(id=point, service_point=point, starts_at=at, ends_at=at + timedelta(hours=4))


def _stretches(random: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return gaps that are long, where they begin by chance."""
    begins = random.random(shape) < GAPS / GAP_SLOTS
    begun = np.cumsum(begins, axis=1)
    before = np.zeros_like(begun)
    before[:, GAP_SLOTS:] = begun[:, :-GAP_SLOTS]
    return begun > before


def _share_of(energy: str) -> float:
    """Return how much of another energy there is for a kWh drawn; nobody feeds in."""
    if energy.startswith(("import_kvarh", "reactive_energy_import")):
        return _TAN
    return 1.0 if energy.startswith("active_energy_import") else 0.0
