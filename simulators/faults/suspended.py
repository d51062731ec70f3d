"""Customers who keep to a suspension (报停): what they still draw, and the greatest demand of a stretch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulators.faults.deeds.usage import lagging_kva
from simulators.physics.loads import LoadCurve
from simulators.physics.window import Window

IDLE_POWER_FACTOR = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Idling:
    """What a customer draws in a suspension when nobody cheats."""

    window: Window
    idle_kw: float = 0.1
    """Lighting and guard room in a full suspension; constant."""
    running_kva: float = 0.0
    """Greatest apparent power of what still runs in a partial one; above 0 it keeps the customer's shape."""


def with_idling(curve: LoadCurve, idling: Idling) -> LoadCurve:
    """Return the curve of a customer who keeps to the suspension."""
    start, end = idling.window.starts_at, idling.window.ends_at
    if not idling.running_kva:
        kva = lagging_kva(idling.idle_kw, IDLE_POWER_FACTOR)
        return curve.replaced(start, end, kva.real, kva.imag)
    where = curve.slots_between(start, end)
    active, reactive = curve.active_kw[where], curve.reactive_kvar[where]
    greatest_kva = float(np.max(np.hypot(active, reactive), initial=0.0))
    scale = idling.running_kva / greatest_kva if greatest_kva else 0.0
    return curve.replaced(start, end, active * scale, reactive * scale)
