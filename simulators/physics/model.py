"""What a meter shows at any instant: registers, voltages, currents and powers that fit each other.

Everything is on the meter's secondary side: the primary world divided by its CT and PT. Between two steps of
the load curve the registers grow exactly with the power; the wire side rounds to its own format.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import DEFAULT_ZONE, Wiring
from simulators.physics.circuit import ELEMENTS, PHASES
from simulators.physics.conditions import NORMAL, Conditions, Distorted, Reader, Shown
from simulators.physics.elements import Elements, Flows, phase_names
from simulators.physics.harmonics import DISTORTIONS, Distortion, contents
from simulators.physics.loads import LoadCurve
from simulators.physics.phase_loads import PhaseLoads
from simulators.physics.registers import DemandRegister, EnergyRegisters, MeteredPower
from simulators.physics.supply import DAY_S, STIFF, Feeder, Supply, drop_load_kw
from simulators.physics.window import changed

FREQUENCY_SWING_HZ = 0.02
BATTERY_V = 3.6
"""A lithium cell behind a meter's clock."""
TEMPERATURE_C = (22.0, 6.0)
"""Mean and daily swing inside the meter's case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterConfig:
    """What a simulated meter is and how it is connected."""

    id: MeterId
    wiring: Wiring = Wiring.THREE_PHASE_FOUR_WIRE
    rated_voltage_v: float = 220.0
    """Secondary side; line to line for 3P3W, line to neutral otherwise."""
    ct: float = 1.0
    pt: float = 1.0
    zone: ZoneInfo = DEFAULT_ZONE
    feeder: Feeder = STIFF
    phase_shares: tuple[float, float, float] = (0.34, 0.33, 0.33)
    """How a four-wire load spreads over the phases; adds up to 1."""
    phase: int = 0
    """The phase of a single-phase customer, 0 to 2."""
    base_kwh: float = 0.0
    """What the active import register showed when the curve began, secondary."""
    distortion: Distortion = DISTORTIONS["electronics"]

    @property
    def shares(self) -> tuple[float, ...]:
        """How the load spreads over the phases that there are."""
        return {
            Wiring.ONE_PHASE: (1.0,),
            Wiring.THREE_PHASE_THREE_WIRE: (1 / 3, 1 / 3, 1 / 3),
            Wiring.THREE_PHASE_FOUR_WIRE: self.phase_shares,
        }[self.wiring]


class MeterModel:
    """A meter on a load curve: a pure function of time."""

    def __init__(self, config: MeterConfig, curve: LoadCurve, conditions: Conditions = NORMAL) -> None:
        """Prepare the registers; reading is cheap afterwards.

        Args:
            config: What the meter is.
            curve: What is drawn, all phases together.
            conditions: What is otherwise than at an honest meter.
        """
        self.config = config
        self.curve = curve
        self._conditions = conditions
        self._peak_kw = conditions.peak_kw or peak_kw(curve) or 1.0
        drawn = conditions.drawn or PhaseLoads.split(curve, config.shares)
        metered = conditions.metered or drawn
        self._elements = Elements(
            wiring=config.wiring,
            ct=config.ct,
            pt=config.pt,
            supply=Supply(
                config.feeder,
                nominal_v=config.rated_voltage_v * config.pt,
                phases=(config.phase,) if config.wiring is Wiring.ONE_PHASE else (0, 1, 2),
                events=conditions.voltage_events,
                shared_pu=conditions.shared_pu,
            ),
            grid=curve,
            flows=Flows(drawn=drawn.kva, metered=metered.kva),
            changes=conditions.circuits,
        )
        self._count = self._honest_registers()
        for lens in conditions.lenses:
            self._count = lens(self._count)

    def read(self, instant: datetime) -> Mapping[Quantity, float]:
        """Return what the meter shows at ``instant``, in each quantity's unit, unrounded.

        Empty while it has no power. Spectra are apart, in :meth:`spectrum`.
        """
        stamp_s = instant.timestamp()
        if any(outage.holds(stamp_s) for outage in self._conditions.outages):
            return {}
        shown = self._count(stamp_s)
        shown.update(self._elements.read(stamp_s))
        shown.update(self._distortion(stamp_s))
        shown[Quantity.FREQUENCY] = 50.0 + FREQUENCY_SWING_HZ * math.sin(stamp_s / 61.0)
        mean, swing = TEMPERATURE_C
        shown[Quantity.TEMPERATURE] = mean + swing * math.sin(2 * math.pi * (stamp_s % DAY_S) / DAY_S)
        shown[Quantity.BATTERY_VOLTAGE] = BATTERY_V
        return changed(shown, self._conditions.shown, stamp_s)

    def changes(self, starts_at: datetime, ends_at: datetime) -> list[datetime]:
        """Return the instants in ``[starts_at, ends_at)`` at which something planted begins or ends.

        Loads and connections change with the slots of the curve, voltage, display and power to the second.
        """
        conditions = self._conditions
        exact = [
            *((event.starts_at, event.ends_at) for event in conditions.voltage_events),
            *((change.window.starts_at, change.window.ends_at) for change in conditions.shown),
            *((outage.starts_at, outage.ends_at) for outage in conditions.outages),
        ]
        by_slot = {
            *(change.window for change in conditions.circuits),
            *(conditions.drawn.edits if conditions.drawn is not None else ()),
            *(conditions.metered.edits if conditions.metered is not None else ()),
        }
        edges = {edge for pair in exact for edge in pair}
        for window in by_slot:
            edges.update(self.curve.edges_of(window.starts_at, window.ends_at))
        return sorted(edge for edge in edges if starts_at <= edge < ends_at)

    def register_kwh(self, instant: datetime) -> float:
        """Return the register of active import, secondary side; it stands also while the meter is dark."""
        return self._count(instant.timestamp())[Quantity.ACTIVE_ENERGY_IMPORT]

    def spectrum(self, instant: datetime) -> Mapping[Quantity, tuple[float, ...]]:
        """Return voltage and current spectra of each element, in % of the fundamental, index = order.

        Their total distortion is what :meth:`read` shows. Empty while the meter has no power.
        """
        shown = self.read(instant)
        weights = self.config.distortion.weights
        return {
            harmonic: contents(weights, shown[thd]) for thd, harmonic in _SPECTRUM_OF.items() if thd in shown
        }

    def _honest_registers(self) -> Reader:
        """Return the reader of the registers, which count what the elements measure."""
        config, powers = self.config, self._elements.powers
        total = powers[0] if len(powers) == 1 else powers.sum(axis=0)
        measured = LoadCurve(
            starts_at=self.curve.starts_at,
            minutes=self.curve.minutes,
            active_kw=total.real,
            reactive_kvar=total.imag,
        )
        # The two elements of a three-wire meter are no phases, so it has no registers of phases.
        three_wire = config.wiring is Wiring.THREE_PHASE_THREE_WIRE
        by_phase = {} if three_wire else dict(zip(PHASES, powers.real, strict=False))
        power = MeteredPower(grid=measured, by_phase=by_phase, ratio=config.ct * config.pt)
        bases = [config.base_kwh * share for share in config.shares]
        energy = EnergyRegisters(power, zone=config.zone, base_kwh=config.base_kwh, bases=bases)
        demand = DemandRegister(power, zone=config.zone)

        def count(stamp_s: float) -> Shown:
            slot, hours = measured.locate(stamp_s)
            return {**energy.read(slot, hours), **demand.read(slot, hours)}

        return count

    def _distortion(self, stamp_s: float) -> Shown:
        """Return total distortion: on the voltage it grows with the load, on the current it shrinks."""
        slot, _ = self.curve.locate(stamp_s)
        load_pu = min(abs(self.curve.active_kw.item(slot)) / self._peak_kw, 1.0)
        own = self.config.distortion
        more = changed(Distorted(), self._conditions.distorted, stamp_s)
        shown: Shown = {}
        for element in ELEMENTS[self.config.wiring]:
            shown[_VOLTAGE_THD[element.phase]] = own.voltage_percent(load_pu) * more.voltage
            shown[_CURRENT_THD[element.phase]] = own.current_percent(load_pu) * more.current
        return shown


def peak_kw(curve: LoadCurve) -> float:
    """Return the greatest power of a curve, in either direction."""
    return float(np.max(np.abs(curve.active_kw)))


def feeder_for(curve: LoadCurve, config: MeterConfig, drop_pu: float) -> Feeder:
    """Return a feeder whose voltage falls by ``drop_pu`` of nominal at the curve's greatest load.

    Its X is 0.4 R, as on a low-voltage cable.
    """
    return feeder_for_loads(PhaseLoads.split(curve, config.shares), config, drop_pu)


def feeder_for_loads(loads: PhaseLoads, config: MeterConfig, drop_pu: float) -> Feeder:
    """Return a feeder as :func:`feeder_for` does, for loads of each phase."""
    nominal_v = config.rated_voltage_v * config.pt
    load_kw = drop_load_kw(loads.kva, config.wiring)
    r_ohm = drop_pu * nominal_v * nominal_v / (load_kw * 1000) if load_kw else 0.0
    return Feeder(r_ohm=r_ohm, x_ohm=0.4 * r_ohm)


_VOLTAGE_THD = phase_names("voltage_thd")
_CURRENT_THD = phase_names("current_thd")
_SPECTRUM_OF = {
    _VOLTAGE_THD[phase]: harmonic for phase, harmonic in phase_names("voltage_harmonic").items()
} | {_CURRENT_THD[phase]: harmonic for phase, harmonic in phase_names("current_harmonic").items()}
