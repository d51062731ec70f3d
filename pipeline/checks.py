"""Is what a meter said possible? Odd values are flagged and kept; only what is no number is taken out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from math import inf, isfinite, sqrt

from pipeline.model import Quality, Snapshot, Value
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Wiring

MOST_RATED = 2.0
"""Voltage above this many times the rated one, or current above this many times the most, is none."""
MOST_POWER_FACTOR = 1.0005
"""One, and half a step of a meter that shows three decimals."""
FREQUENCY_HZ = (40.0, 70.0)
AHEAD = timedelta(seconds=60)
"""How far a meter's time may run before ours and still count as the same time."""

_LINE_VOLTAGES = frozenset({Quantity.VOLTAGE_AB, Quantity.VOLTAGE_BC, Quantity.VOLTAGE_CA})
_PHASE_VOLTAGES = frozenset({Quantity.VOLTAGE_A, Quantity.VOLTAGE_B, Quantity.VOLTAGE_C})
_CURRENTS = frozenset({Quantity.CURRENT_A, Quantity.CURRENT_B, Quantity.CURRENT_C, Quantity.CURRENT_N})
_POWER_FACTORS = frozenset(
    {Quantity.POWER_FACTOR, Quantity.POWER_FACTOR_A, Quantity.POWER_FACTOR_B, Quantity.POWER_FACTOR_C}
)


def check(snapshot: Snapshot, meter: Meter, now: datetime) -> Snapshot:
    """Return ``snapshot`` with flags for what cannot be; each value is judged alone, its neighbours stay.

    Values are on the meter's own (secondary) side, as ``rated_voltage_v`` and ``max_current_a`` are.
    """
    flags = dict(snapshot.flags)
    values: dict[Quantity, Value] = {}
    for quantity, value in snapshot.values.items():
        if not _is_number(value):
            flags[quantity] = flags.get(quantity, Quality.GOOD) | Quality.NOT_A_NUMBER
            continue
        values[quantity] = value
        if not _is_possible(quantity, value, meter):
            flags[quantity] = flags.get(quantity, Quality.GOOD) | Quality.OUT_OF_RANGE
    quality = snapshot.quality
    if snapshot.taken_at > min(snapshot.received_at, now) + AHEAD:
        quality |= Quality.FUTURE_TIME
    if quality == snapshot.quality and flags == snapshot.flags:
        return snapshot
    return replace(snapshot, values=values, flags=flags, quality=quality)


def _is_number(value: Value) -> bool:
    return all(map(isfinite, value)) if isinstance(value, tuple) else isfinite(value)


def _is_possible(quantity: Quantity, value: Value, meter: Meter) -> bool:
    if isinstance(value, tuple):
        return True
    lowest, highest = _range_of(quantity, meter)
    return lowest <= value <= highest


def _range_of(quantity: Quantity, meter: Meter) -> tuple[float, float]:
    if quantity is Quantity.FREQUENCY:
        return FREQUENCY_HZ
    most = inf
    if quantity in _PHASE_VOLTAGES:
        most = MOST_RATED * meter.rated_voltage_v
    elif quantity in _LINE_VOLTAGES:
        most = MOST_RATED * _rated_line_voltage_v(meter)
    elif quantity in _CURRENTS:
        most = MOST_RATED * meter.max_current_a
    elif quantity in _POWER_FACTORS:
        most = MOST_POWER_FACTOR
    return -most, most


def _rated_line_voltage_v(meter: Meter) -> float:
    """A three-wire meter is rated by its line voltage, the others by their phase voltage."""
    three_wire = meter.wiring is Wiring.THREE_PHASE_THREE_WIRE
    return meter.rated_voltage_v * (1.0 if three_wire else sqrt(3.0))
