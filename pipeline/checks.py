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
    lowest, highest = _ranges(meter.rated_voltage_v, meter.most_current_a, meter.wiring)
    is_future = _is_future(snapshot.taken_at, snapshot.received_at, now)
    # Nearly every reading is sound: the short way for those.
    if not is_future and _are_possible(snapshot.values, lowest, highest):
        return snapshot
    flags_of = {q: _flag(value, lowest[q], highest[q]) for q, value in snapshot.values.items()}
    found = {quantity: flag for quantity, flag in flags_of.items() if flag}
    if not found and not is_future:
        return snapshot
    quality = snapshot.quality | (Quality.FUTURE_TIME if is_future else Quality.GOOD)
    flags = dict(snapshot.flags)
    for quantity, flag in found.items():
        flags[quantity] = flags.get(quantity, Quality.GOOD) | flag
    kept = {q: v for q, v in snapshot.values.items() if found.get(q) is not Quality.NOT_A_NUMBER}
    return snapshot._replace(values=kept, flags=flags, quality=quality)


def _is_future(taken_at: datetime, received_at: datetime, now: datetime) -> bool:
    """Tell whether a time is further ahead than clocks differ, of its receipt or of now."""
    return (taken_at > received_at or taken_at > now) and taken_at - AHEAD > min(received_at, now)


def _are_possible(
    values: Mapping[Quantity, Value], lowest: Mapping[Quantity, float], highest: Mapping[Quantity, float]
) -> bool:
    """Tell whether all values are numbers within their bounds."""
    for quantity, value in values.items():
        if type(value) is not float or not lowest[quantity] <= value <= highest[quantity]:
            return False
    return True


def _flag(value: Value, lowest: float, highest: float) -> Quality:
    if isinstance(value, tuple):
        return Quality.GOOD if all(map(isfinite, value)) else Quality.NOT_A_NUMBER
    if not isfinite(value):
        return Quality.NOT_A_NUMBER
    return Quality.GOOD if lowest <= value <= highest else Quality.OUT_OF_RANGE


@lru_cache
def _ranges(
    rated_voltage_v: float, most_current_a: float, wiring: Wiring
) -> tuple[Mapping[Quantity, float], Mapping[Quantity, float]]:
    """Return the lowest and the highest possible value of every quantity of a meter with these ratings."""
    # A three-wire meter is rated by its line voltage, the others by their phase voltage.
    line_voltage_v = rated_voltage_v * (1.0 if wiring is Wiring.THREE_PHASE_THREE_WIRE else sqrt(3.0))
    most = {
        **dict.fromkeys(Quantity, float_info.max),
        **dict.fromkeys(_PHASE_VOLTAGES, MOST_RATED * rated_voltage_v),
        **dict.fromkeys(_LINE_VOLTAGES, MOST_RATED * line_voltage_v),
        **dict.fromkeys(_CURRENTS, MOST_RATED * most_current_a),
        **dict.fromkeys(_POWER_FACTORS, MOST_POWER_FACTOR),
    }
    least = {quantity: -value for quantity, value in most.items()}
    least[Quantity.FREQUENCY], most[Quantity.FREQUENCY] = FREQUENCY_HZ
    return least, most
