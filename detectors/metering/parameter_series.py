"""Stretches in which a meter held the same parameter value, and which values are right for the archive."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from pipeline.model import MeterId
from pipeline.records import ParameterReading
from pipeline.registry import Meter, Registry

COUNT: Final = "programming_count"
RATIOS: Final = MappingProxyType({"ct_ratio": "ct", "pt_ratio": "pt"})
TABLES: Final = frozenset({"zone_table", "day_table_1", "day_table_2", "day_table_3", "day_table_4"})
"""Of which only a checksum is known."""
VOLTAGE_RANGE: Final = "permitted range of the rated voltage"
CURRENT_RANGE: Final = "permitted range of the rated current"
_SAME: Final = 1e-6
"""Below the step of any register, above what arithmetic leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One value as long as it was read."""

    value: float
    first_at: datetime
    last_at: datetime
    before_at: datetime | None
    """When the value before it was read last: it changed between then and ``first_at``; or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What a value must lie in, both ends included."""

    least: float
    most: float
    why: str
    is_filed: bool = False
    """It is what the archive has, and right however it came."""

    def holds(self, value: float) -> bool:
        """Tell whether a value is right."""
        return self.least - _SAME <= value <= self.most + _SAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The permitted range of the event thresholds, in percent of the meter's ratings."""

    least_voltage: float
    most_voltage: float
    least_current: float
    most_current: float


def is_same(one: float, other: float) -> bool:
    """Tell whether two values of a parameter are one and the same."""
    return abs(one - other) <= _SAME


def held_values(
    readings: Iterable[ParameterReading], meters: Iterable[MeterId]
) -> dict[tuple[MeterId, str], list[Held]]:
    """Return the stretches of each meter's parameters, oldest first; order and repetition change nothing."""
    wanted = set(meters)
    own: dict[tuple[MeterId, str], dict[datetime, float]] = defaultdict(dict)
    for reading in readings:
        if reading.meter in wanted and reading.value == reading.value:
            own[reading.meter, reading.name][reading.taken_at] = reading.value
    return {key: _stretches(sorted(values.items())) for key, values in sorted(own.items())}


def _stretches(values: Sequence[tuple[datetime, float]]) -> list[Held]:
    found: list[Held] = []
    for at, value in values:
        if found and is_same(found[-1].value, value):
            last = found[-1]
            found[-1] = Held(value=last.value, first_at=last.first_at, last_at=at, before_at=last.before_at)
        else:
            before_at = found[-1].last_at if found else None
            found.append(Held(value=value, first_at=at, last_at=at, before_at=before_at))
    return found


def band_of(name: str, meter: Meter, registry: Registry, at: datetime, limits: Limits) -> Sequence[Band]:
    """Return what a parameter may be: it is right in any of the bands; none where nothing is laid down.

    A ratio is what the archive has, or 1 in a meter that was never told: it counts secondary values.
    """
    if name in RATIOS:
        ratio = float(getattr(registry.ratio_of(meter.id, at), RATIOS[name]))
        return [
            Band(least=ratio, most=ratio, why="ratio of the archive", is_filed=True),
            Band(least=1.0, most=1.0, why="a meter that was never told its ratio"),
        ]
    if name in {"voltage_loss_trigger", "voltage_loss_restore"}:
        volts = meter.rated_voltage_v / 100.0
        least, most, why = limits.least_voltage * volts, limits.most_voltage * volts, VOLTAGE_RANGE
    elif name == "voltage_loss_current":
        amps = meter.rated_current_a / 100.0
        least, most, why = limits.least_current * amps, limits.most_current * amps, CURRENT_RANGE
    else:
        return []
    return [Band(least=least, most=most, why=why)]
