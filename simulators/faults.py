"""Plants faults into a meter's world, and their innocent twins: what happened, and its truth label."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np

from pipeline.model import MeterId
from simulators.loads import LoadCurve
from simulators.supply import VoltageEvent
from simulators.truth import LOAD_IN_SUSPENSION, VOLTAGE_DEVIATION, Truth

DEMAND_MINUTES = 15


class Deed(StrEnum):
    """What is done to a meter's world."""

    LOAD = "load"
    """A customer in suspension draws power."""
    VOLTAGE = "voltage"
    """The supply's voltage falls or rises."""


DETECTOR_OF = {Deed.LOAD: LOAD_IN_SUSPENSION, Deed.VOLTAGE: VOLTAGE_DEVIATION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of time, ``[starts_at, ends_at)``."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedFault:
    """One deed in one or more windows of one meter."""

    meter: MeterId
    service_point: str
    deed: Deed
    windows: Sequence[Window]
    kw: float = 0.0
    """Power drawn in the windows, primary side; for a load."""
    power_factor: float = 0.9
    """Lagging; for a load."""
    factor: float = 1.0
    """What the voltage is multiplied by; for a voltage."""
    twin: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Idling:
    """What a customer draws in a suspension when nobody cheats."""

    window: Window
    idle_kw: float = 0.1
    """Lighting and guard room in a full suspension; constant."""
    running_kva: float = 0.0
    """Greatest apparent power of what still runs in a partial one; above 0 it keeps the customer's shape."""


def lagging_kvar(kw: float, power_factor: float) -> float:
    """Return the reactive power that belongs to an active one."""
    return kw * math.tan(math.acos(power_factor))


def with_idling(curve: LoadCurve, idling: Idling) -> LoadCurve:
    """Return the curve of a customer who keeps to the suspension."""
    start, end = idling.window.starts_at, idling.window.ends_at
    if not idling.running_kva:
        return curve.replaced(start, end, idling.idle_kw, lagging_kvar(idling.idle_kw, 0.9))
    where = curve.slots_between(start, end)
    active, reactive = curve.active_kw[where], curve.reactive_kvar[where]
    greatest_kva = float(np.max(np.hypot(active, reactive), initial=0.0))
    scale = idling.running_kva / greatest_kva if greatest_kva else 0.0
    return curve.replaced(start, end, active * scale, reactive * scale)


def with_load(curve: LoadCurve, fault: PlantedFault) -> LoadCurve:
    """Return the curve with the fault's power in its windows; other deeds change no curve."""
    if fault.deed is not Deed.LOAD:
        return curve
    for window in fault.windows:
        kvar = lagging_kvar(fault.kw, fault.power_factor)
        curve = curve.replaced(window.starts_at, window.ends_at, fault.kw, kvar)
    return curve


def voltage_events(faults: Sequence[PlantedFault]) -> tuple[VoltageEvent, ...]:
    """Return what the faults do to the supply's voltage."""
    return tuple(
        VoltageEvent(starts_at=window.starts_at, ends_at=window.ends_at, factor=fault.factor)
        for fault in faults
        if fault.deed is Deed.VOLTAGE
        for window in fault.windows
    )


def truths(fault: PlantedFault, curve: LoadCurve, now: datetime) -> list[Truth]:
    """Return one label for each window that has begun, measured on the curve that carries the fault."""
    return [_label(fault, window, curve, now) for window in fault.windows if window.starts_at < now]


def _label(fault: PlantedFault, window: Window, curve: LoadCurve, now: datetime) -> Truth:
    known_until = min(window.ends_at, now)
    loaded = fault.deed is Deed.LOAD
    return Truth(
        meter=fault.meter,
        service_point=fault.service_point,
        detector=DETECTOR_OF[fault.deed],
        starts_at=window.starts_at,
        ends_at=window.ends_at if window.ends_at <= now else None,
        max_kw=max_demand_kw(curve, window) if loaded else None,
        energy_kwh=curve.energy_kwh(known_until) - curve.energy_kwh(window.starts_at) if loaded else None,
        twin=fault.twin,
        why=fault.why,
    )


def max_demand_kw(curve: LoadCurve, window: Window) -> float:
    """Return the greatest mean power of the quarters of an hour that begin in a window."""
    where = curve.slots_between(window.starts_at, window.ends_at)
    per_block = max(DEMAND_MINUTES // curve.minutes, 1)
    first, last = where.start - where.start % per_block, -(-where.stop // per_block) * per_block
    power = curve.active_kw[first:last]
    whole = power[: power.size // per_block * per_block].reshape(-1, per_block)
    return float(whole.mean(axis=1).max(initial=0.0))
