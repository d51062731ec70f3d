"""Limits of the standards as data: number, clause, source, and whether the text itself confirms it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from math import inf, sqrt

from analysis.power_quality.bands import limit_tables
from pipeline.errors import ConfigError
from pipeline.registry import Meter, Wiring

AT_REST = 1e-6
"""Values are kept in single precision, six or seven digits: 3.2 comes back as 3.2000000477. So much of a
limit is no difference, and a value at it is inside."""
SECONDARY_UP_TO = 2.5
"""A nominal voltage above this many times the meter's rated one is a primary one."""
LINE_SHARE = (1.6, 1.9)
"""Where nominal over rated lies around the root of three, a line voltage was entered for a phase one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageLimit:
    """How far supply voltage may be from its nominal value, and who says so."""

    name: str
    standard: str
    edition: str
    clause: str
    effective_from: date
    source: str
    confirmed: bool
    """Whether the number was compared with the standard's own text."""
    wirings: tuple[Wiring, ...]
    from_kv: float = 0.0
    """The level of the network from which it holds."""
    below_kv: float = inf
    under_percent: float
    over_percent: float
    sum_percent: float | None = None
    """What the greatest positive and negative deviation may come to together; None: each counts alone."""

    @property
    def reference(self) -> str:
        """What a report quotes."""
        return f"{self.standard}-{self.edition} {self.clause}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageBand:
    """The band of one point, in volts on the side that the meter measures."""

    nominal_v: float
    low_v: float
    high_v: float
    limit: VoltageLimit

    def in_front(self, pt: float) -> VoltageBand:
        """Return the band in front of a voltage transformer: what a profile of primary values shows."""
        return replace(self, nominal_v=self.nominal_v * pt, low_v=self.low_v * pt, high_v=self.high_v * pt)


def voltage_limit(wiring: Wiring, nominal_kv: float = 0.0) -> VoltageLimit:
    """Return the supply voltage limit of GB/T 12325-2008 for a point; of 20 kV and below if no level is told.

    Raises:
        ConfigError: If the data holds none for ``wiring`` at this level.
    """
    for limit in _voltage_limits():
        if wiring in limit.wirings and limit.from_kv <= nominal_kv < limit.below_kv:
            return limit
    raise ConfigError(
        f"analysis/data/gb12325_2008.toml has no limit for wiring {wiring} at {nominal_kv} kV: add one"
    )


def voltage_band(meter: Meter, pt: float = 1.0) -> VoltageBand:
    """Return the band for what ``meter`` measures: phase voltages, or line voltages of a three-wire meter.

    ``pt`` is the ratio of the voltage transformer in front of it.
    """
    nominal = nominal_seen_v(meter, pt)
    four_wire = meter.wiring is Wiring.THREE_PHASE_FOUR_WIRE
    limit = voltage_limit(meter.wiring, nominal * pt * (sqrt(3.0) if four_wire else 1.0) / 1000.0)
    return VoltageBand(
        nominal_v=nominal,
        low_v=nominal * (100.0 - limit.under_percent) / 100.0,
        high_v=nominal * (100.0 + limit.over_percent) / 100.0,
        limit=limit,
    )


def nominal_seen_v(meter: Meter, pt: float) -> float:
    """Return the point's nominal voltage as the meter would show it.

    The archive may name it on the primary side (10 000 V behind a 100:1 transformer) or as a line voltage
    (380 V for a four-wire meter of 220 V).
    """
    nominal = meter.nominal_voltage_v
    if nominal > SECONDARY_UP_TO * meter.rated_voltage_v:
        nominal /= pt
    three_wire = meter.wiring is Wiring.THREE_PHASE_THREE_WIRE
    if not three_wire and LINE_SHARE[0] < nominal / meter.rated_voltage_v < LINE_SHARE[1]:
        nominal /= sqrt(3.0)
    return nominal


@cache
def _voltage_limits() -> tuple[VoltageLimit, ...]:
    return tuple(
        VoltageLimit(**{**entry, "wirings": tuple(map(Wiring, entry["wirings"]))})
        for entry in limit_tables("gb12325_2008.toml")["limit"]
    )
