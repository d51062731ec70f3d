"""Writes measured values for people: times with the meter's offset, words in hex, no false digits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from pipeline.quantities import Kind, Quantity


def shown_value(quantity: Quantity, value: float | Sequence[float], zone: ZoneInfo) -> str:
    """Return a value without its unit.

    Args:
        quantity: What it measures.
        value: As a snapshot has it: POSIX seconds of a time, a tuple of a spectrum or of status words.
        zone: Of the meter's clock.
    """
    if isinstance(value, Sequence):
        if quantity.kind is Kind.WORDS:
            return " ".join(f"{int(word):04X}" for word in value)
        return " ".join("-" if math.isnan(part) else f"{part:g}" for part in value)
    if quantity.kind is Kind.INSTANT:
        return shown_time(datetime.fromtimestamp(value, zone), zone)
    # An electrical value is of single precision: what lies behind seven digits is not measured.
    return f"{value:.10g}" if quantity.kind is Kind.COUNTER else f"{value:.7g}"


def shown_unit(quantity: Quantity) -> str:
    """Return the unit; nothing for a ratio."""
    return "" if quantity.unit == "1" else quantity.unit


def shown_time(at: datetime, zone: ZoneInfo) -> str:
    """Return a time on the meter's clock, with its offset from UTC."""
    return at.astimezone(zone).isoformat(sep=" ", timespec="seconds")
