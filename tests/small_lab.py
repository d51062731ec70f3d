"""The lab fleet without its bench of faults: six meters on three kinds of lines, one fault of each kind."""

from __future__ import annotations

from dataclasses import replace

from simulators.fleet.build import load_fleet
from simulators.fleet.plan import FleetPlan

LINES = ("lab-rs485", "lab-modbus", "lab-gw")


def small_lab() -> FleetPlan:
    """Return the plan of the lab's lines for the first steps."""
    plan = load_fleet("lab")
    meters = tuple(meter for meter in plan.meters if meter.line in LINES)
    ids = {meter.id for meter in meters}
    return replace(
        plan,
        areas=tuple(area for area in plan.areas if area.id == "TQ-LAB"),
        buses=tuple(bus for bus in plan.buses if bus.id in LINES),
        meters=meters,
        suspensions=tuple(s for s in plan.suspensions if s.meter in ids),
        faults=tuple(f for f in plan.faults if f.meter in ids),
    )
