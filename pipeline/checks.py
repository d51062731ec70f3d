"""Is what a meter said possible? Odd values are flagged and kept; only what is no number is taken out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from math import isfinite, sqrt
from sys import float_info

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

    Values are on the meter's own (secondary) side, as ``rated_voltage_v`` and ``most_current_a`` are.
    """
    ranges = _ranges(meter.rated_voltage_v, meter.most_current_a, meter.wiring)
    # Nearly every value is a sound number: the short way for those.
    odd = [
        (quantity, value)
        for quantity, value in snapshot.values.items()
        if type(value) is not float or not ranges[quantity][0] <= value <= ranges[quantity][1]
    ]
    is_future = snapshot.taken_at - AHEAD > snapshot.received_at or snapshot.taken_at - AHEAD > now
    found = {quantity: flag for quantity, value in odd if (flag := _flag(value, ranges[quantity]))}
    if not found and not is_future:
        return snapshot
    quality = snapshot.quality | (Quality.FUTURE_TIME if is_future else Quality.GOOD)
    flags = dict(snapshot.flags)
    for quantity, flag in found.items():
        flags[quantity] = flags.get(quantity, Quality.GOOD) | flag
    kept = {q: v for q, v in snapshot.values.items() if found.get(q) is not Quality.NOT_A_NUMBER}
    return snapshot._replace(values=kept, flags=flags, quality=quality)


def _flag(value: Value, possible: tuple[float, float]) -> Quality:
    if isinstance(value, tuple):
        return Quality.GOOD if all(map(isfinite, value)) else Quality.NOT_A_NUMBER
    if not isfinite(value):
        return Quality.NOT_A_NUMBER
    return Quality.GOOD if possible[0] <= value <= possible[1] else Quality.OUT_OF_RANGE


@lru_cache
def _ranges(
    rated_voltage_v: float, most_current_a: float, wiring: Wiring
) -> Mapping[Quantity, tuple[float, float]]:
    """Return the lowest and highest possible value of every quantity of a meter with these ratings."""
    # A three-wire meter is rated by its line voltage, the others by their phase voltage.
    line_voltage_v = rated_voltage_v * (1.0 if wiring is Wiring.THREE_PHASE_THREE_WIRE else sqrt(3.0))
    most = {
        **dict.fromkeys(Quantity, float_info.max),
        **dict.fromkeys(_PHASE_VOLTAGES, MOST_RATED * rated_voltage_v),
        **dict.fromkeys(_LINE_VOLTAGES, MOST_RATED * line_voltage_v),
        **dict.fromkeys(_CURRENTS, MOST_RATED * most_current_a),
        **dict.fromkeys(_POWER_FACTORS, MOST_POWER_FACTOR),
    }
    ranges = {quantity: (-highest, highest) for quantity, highest in most.items()}
    return {**ranges, Quantity.FREQUENCY: FREQUENCY_HZ}
