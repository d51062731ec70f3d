"""What an honest meter shows at any instant: registers, voltages, currents and powers that fit each other.

Everything is on the meter's secondary side: the primary world divided by its CT and PT. Between two steps of
the load curve the registers grow exactly with the power; the wire side rounds to its own format.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import DEFAULT_ZONE, Wiring
from simulators.loads import LoadCurve
from simulators.registers import DemandRegister, EnergyRegisters

SQRT3 = math.sqrt(3.0)
DAY_S = 86_400
RIPPLE_PERIOD_S = 97.0
"""Voltage moves a little all the time; a period that divides no slot, so that live reads differ."""
RIPPLE_PU = 0.002
FREQUENCY_SWING_HZ = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeder:
    """The supply before the meter: its voltage without load, and what the load takes off."""

    level_pu: float = 1.02
    """Voltage without load as a share of nominal."""
    swing_pu: float = 0.008
    """How far it moves over the day."""
    r_ohm: float = 0.0
    """Resistance of one conductor, primary side."""
    x_ohm: float = 0.0
    phase_offset_pu: tuple[float, float, float] = (0.0, 0.002, -0.003)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageEvent:
    """A time in which the supply's voltage is multiplied by a factor."""

    starts_at: datetime
    ends_at: datetime
    factor: float


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
    feeder: Feeder = Feeder()
    phase_shares: tuple[float, float, float] = (0.34, 0.33, 0.33)
    """How a four-wire load spreads over the phases; adds up to 1."""
    base_kwh: float = 0.0
    """What the active import register showed when the curve began, secondary."""
    voltage_events: Sequence[VoltageEvent] = ()


class MeterModel:
    """A meter on a load curve: a pure function of time."""

    def __init__(self, config: MeterConfig, curve: LoadCurve) -> None:
        """Prepare the registers; reading is cheap afterwards."""
        self.config = config
        self.curve = curve
        self._peak_kw = float(np.max(np.abs(curve.active_kw))) or 1.0
        ratio = config.ct * config.pt
        self._energy = EnergyRegisters(curve, ratio=ratio, zone=config.zone, base_kwh=config.base_kwh)
        self._demand = DemandRegister(curve, ratio=ratio, zone=config.zone)
        self._events = [
            (event.starts_at.timestamp(), event.ends_at.timestamp(), event.factor)
            for event in config.voltage_events
        ]
        self._phase_energies = _phase_energies(config)
        self._elements = {
            Wiring.ONE_PHASE: self._one_phase,
            Wiring.THREE_PHASE_THREE_WIRE: self._three_wire,
            Wiring.THREE_PHASE_FOUR_WIRE: self._four_wire,
        }[config.wiring]

    def read(self, instant: datetime) -> Mapping[Quantity, float]:
        """Return everything the meter shows at ``instant``, in each quantity's unit, unrounded."""
        stamp_s = instant.timestamp()
        slot, hours = self.curve.locate(stamp_s)
        p_kw, q_kvar = self.curve.active_kw.item(slot), self.curve.reactive_kvar.item(slot)
        shown = self._energy.read(slot, hours)
        for of_phase, total, share in self._phase_energies:
            shown[of_phase] = shown[total] * share
        shown.update(self._demand.read(slot, hours))
        shown.update(self._elements(stamp_s, p_kw, q_kvar))
        shown[Quantity.FREQUENCY] = 50.0 + FREQUENCY_SWING_HZ * math.sin(stamp_s / 61.0)
        return shown

    def _factor_at(self, stamp_s: float) -> float:
        return math.prod(factor for start, end, factor in self._events if start <= stamp_s < end)

    def _supply_pu(self, stamp_s: float, phase: int) -> float:
        """Return the voltage without load as a share of nominal."""
        feeder = self.config.feeder
        swing = feeder.swing_pu * math.cos(2 * math.pi * (stamp_s % DAY_S) / DAY_S)
        ripple = RIPPLE_PU * math.sin(2 * math.pi * stamp_s / RIPPLE_PERIOD_S + phase)
        return feeder.level_pu + feeder.phase_offset_pu[phase] + swing + ripple

    def _voltage(self, stamp_s: float, phase: int, p_kw: float, q_kvar: float) -> float:
        """Return one element's primary voltage under its load: U0 - (R P + X Q) / U."""
        nominal_v = self.config.rated_voltage_v * self.config.pt
        drop_v = (self.config.feeder.r_ohm * p_kw + self.config.feeder.x_ohm * q_kvar) * 1000 / nominal_v
        return (nominal_v * self._supply_pu(stamp_s, phase) - drop_v) * self._factor_at(stamp_s)

    def _one_phase(self, stamp_s: float, p_kw: float, q_kvar: float) -> dict[Quantity, float]:
        ct, pt = self.config.ct, self.config.pt
        volts = self._voltage(stamp_s, 0, p_kw, q_kvar)
        amps = math.hypot(p_kw, q_kvar) * 1000 / volts / ct
        return {
            Quantity.VOLTAGE_A: volts / pt,
            Quantity.CURRENT_A: amps,
            Quantity.CURRENT_N: amps,
            **_powers([("a", p_kw / (ct * pt), q_kvar / (ct * pt))]),
            **_distortion("a", abs(p_kw) / self._peak_kw),
        }

    def _four_wire(self, stamp_s: float, p_kw: float, q_kvar: float) -> dict[Quantity, float]:
        ct, pt = self.config.ct, self.config.pt
        volts, amps, loads = [], [], []
        for phase, share in enumerate(self.config.phase_shares):
            p_phase, q_phase = p_kw * share, q_kvar * share
            primary_v = self._voltage(stamp_s, phase, p_phase, q_phase)
            volts.append(primary_v / pt)
            amps.append(math.hypot(p_phase, q_phase) * 1000 / primary_v / ct)
            loads.append(("abc"[phase], p_phase / (ct * pt), q_phase / (ct * pt)))
        (u_a, u_b, u_c), (i_a, i_b, i_c) = volts, amps
        return {
            Quantity.VOLTAGE_A: u_a,
            Quantity.VOLTAGE_B: u_b,
            Quantity.VOLTAGE_C: u_c,
            Quantity.VOLTAGE_AB: _line_voltage(u_a, u_b),
            Quantity.VOLTAGE_BC: _line_voltage(u_b, u_c),
            Quantity.VOLTAGE_CA: _line_voltage(u_c, u_a),
            Quantity.CURRENT_A: i_a,
            Quantity.CURRENT_B: i_b,
            Quantity.CURRENT_C: i_c,
            # The phasor sum of three currents 120 degrees apart; rounding must not make it imaginary.
            Quantity.CURRENT_N: math.sqrt(
                max(i_a * i_a + i_b * i_b + i_c * i_c - i_a * i_b - i_b * i_c - i_c * i_a, 0.0)
            ),
            **_powers(loads),
            **_distortion("abc", abs(p_kw) / self._peak_kw),
        }

    def _three_wire(self, stamp_s: float, p_kw: float, q_kvar: float) -> dict[Quantity, float]:
        """Return the two elements Uab/Ia and Ucb/Ic of a balanced load: their powers differ by 60 degrees."""
        ct, pt = self.config.ct, self.config.pt
        volts = self._voltage(stamp_s, 0, p_kw, q_kvar)
        half_p, half_q = p_kw / (2 * ct * pt), q_kvar / (2 * ct * pt)
        # U I cos(phi + 30) and U I cos(phi - 30), with U I cos(phi) = P / sqrt(3).
        element_a = ("a", half_p - half_q / SQRT3, half_q + half_p / SQRT3)
        element_c = ("c", half_p + half_q / SQRT3, half_q - half_p / SQRT3)
        amps = math.hypot(p_kw, q_kvar) * 1000 / (SQRT3 * volts) / ct
        return {
            Quantity.VOLTAGE_AB: volts / pt,
            Quantity.VOLTAGE_BC: volts / pt,
            Quantity.CURRENT_A: amps,
            Quantity.CURRENT_C: amps,
            **_powers([element_a, element_c]),
            **_distortion("ac", abs(p_kw) / self._peak_kw),
        }


def feeder_for(curve: LoadCurve, config: MeterConfig, drop_pu: float) -> Feeder:
    """Return a feeder whose voltage falls by ``drop_pu`` of nominal at the curve's greatest load.

    Its X is 0.4 R, as on a low-voltage cable.
    """
    nominal_v = config.rated_voltage_v * config.pt
    share = max(config.phase_shares) if config.wiring is Wiring.THREE_PHASE_FOUR_WIRE else 1.0
    load_kw = float(np.max(np.abs(curve.active_kw) + 0.4 * np.abs(curve.reactive_kvar))) * share
    r_ohm = drop_pu * nominal_v * nominal_v / (load_kw * 1000) if load_kw else 0.0
    return Feeder(r_ohm=r_ohm, x_ohm=0.4 * r_ohm)


def _phase_energies(config: MeterConfig) -> list[tuple[Quantity, Quantity, float]]:
    """Return each phase's energy register, the register of all phases and the phase's share of it.

    The phases keep their shares at all times. The two elements of a three-wire meter are no phases, so it has
    no such registers.
    """
    shares = {
        Wiring.ONE_PHASE: (1.0,),
        Wiring.THREE_PHASE_THREE_WIRE: (),
        Wiring.THREE_PHASE_FOUR_WIRE: config.phase_shares,
    }[config.wiring]
    totals = (Quantity.ACTIVE_ENERGY_IMPORT, Quantity.ACTIVE_ENERGY_EXPORT)
    return [
        (Quantity(f"{total.value}_{phase}"), total, share)
        for total in totals
        for phase, share in zip("abc", shares, strict=False)
    ]


def _line_voltage(u_1: float, u_2: float) -> float:
    """Return the voltage between two phases 120 degrees apart."""
    return math.sqrt(u_1 * u_1 + u_2 * u_2 + u_1 * u_2)


def _powers(elements: Sequence[tuple[str, float, float]]) -> dict[Quantity, float]:
    """Return powers, power factors and angles of each element (phase, kW, kvar) and of their sum."""
    total_p = sum(p_kw for _, p_kw, _ in elements)
    total_q = sum(q_kvar for _, _, q_kvar in elements)
    shown: dict[Quantity, float] = {}
    for suffix, p_kw, q_kvar in [("", total_p, total_q), *((f"_{e}", p, q) for e, p, q in elements)]:
        active, reactive, apparent, factor = _POWER_NAMES[suffix]
        s_kva = math.hypot(p_kw, q_kvar)
        shown[active], shown[reactive], shown[apparent] = p_kw, q_kvar, s_kva
        # A meter without current shows 1.000.
        shown[factor] = p_kw / s_kva if s_kva else 1.0
    for element, p_kw, q_kvar in elements:
        shown[_ANGLES[element]] = math.degrees(math.atan2(q_kvar, p_kw)) % 360.0
    return shown


def _distortion(phases: str, load_pu: float) -> dict[Quantity, float]:
    """Return total distortion: a little on the voltage, growing with the load; more on the current."""
    shown: dict[Quantity, float] = {}
    for phase in phases:
        shown[_VOLTAGE_THD[phase]] = 1.2 + 0.8 * load_pu
        shown[_CURRENT_THD[phase]] = 9.0 - 4.0 * load_pu
    return shown


def _names(stem: str) -> dict[str, Quantity]:
    return {phase: Quantity(f"{stem}_{phase}") for phase in "abc"}


_POWER_NAMES = {
    suffix: (
        Quantity(f"active_power{suffix}"),
        Quantity(f"reactive_power{suffix}"),
        Quantity(f"apparent_power{suffix}"),
        Quantity(f"power_factor{suffix}"),
    )
    for suffix in ("", "_a", "_b", "_c")
}
_ANGLES = _names("phase_angle")
_VOLTAGE_THD = _names("voltage_thd")
_CURRENT_THD = _names("current_thd")
