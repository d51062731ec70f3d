"""Dips, swells and interruptions (暂降、暂升、中断) of a supply, whoever recorded them, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from math import inf

from analysis.power_quality.bands import limit_tables, reference_of
from analysis.power_quality.judgement import Reference
from analysis.waveform.events import Event, EventKind


class SupplyKind(StrEnum):
    """What an event is by residual voltage and duration."""

    DIP = "dip"
    SWELL = "swell"
    SHORT_INTERRUPTION = "short interruption"
    UNDERVOLTAGE = "undervoltage"
    """Low for longer than a dip may be, or not as low as one: a matter of voltage deviation."""
    OVERVOLTAGE = "overvoltage"
    """The same of a swell."""
    INTERRUPTION = "interruption"
    """Gone for longer than a short one may be."""
    CIRCUIT_FAULT = "circuit fault"
    """A voltage that the meter alone lacked, while its current flowed: no event of the supply."""
    UNKNOWN = "unknown"
    """Neither residual voltage nor kind was recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyEvent:
    """One event on one phase or on several at once."""

    kind: SupplyKind
    phases: tuple[str, ...]
    """Those that it touched; empty: all that the meter has."""
    starts_at: datetime
    duration_s: float | None
    """None while it goes on."""
    residual_percent: float | None
    """Of nominal: the lowest voltage, or the highest of a swell; None where the record does not hold it."""
    source: str
    """``meter log`` or ``waveform``."""

    @property
    def ends_at(self) -> datetime | None:
        """Return when it ended; None while it goes on."""
        return None if self.duration_s is None else self.starts_at + timedelta(seconds=self.duration_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLimits:
    """Between what residual voltages and durations events have which name (GB/T 30137).

    The shortest duration is none of them: values of half cycles and logs of whole seconds do not undercut it.
    """

    reference: Reference
    interruption_percent: float
    dip_percent: float
    swell_percent: float
    most_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RideThrough:
    """A curve of what equipment must bear: steps of duration (s) and voltage (%)."""

    name: str
    reference: Reference
    low: Sequence[tuple[float, float]]
    high: Sequence[tuple[float, float]]

    def bears(self, residual_percent: float, duration_s: float) -> bool | None:
        """Tell whether equipment bears an event; None where the curve does not say."""
        steps = self.high if residual_percent > _NOMINAL else self.low
        step = next((percent for to_s, percent in steps if duration_s <= to_s), None)
        if step is None:
            return None
        return residual_percent <= step if residual_percent > _NOMINAL else residual_percent >= step


_NOMINAL = 100.0


def of_waveform(event: Event, record_at: datetime, phases: Mapping[str, str]) -> SupplyEvent:
    """Return an event found in a waveform whose record began at ``record_at``, by what it shows.

    One phase that is gone while others are there is a dip of the system (IEC 61000-4-30, 5.5).
    ``phases`` has the phase of each channel, such as ``a`` or ``ab``; one without is called by its name.
    """
    duration_s = None if event.ends_after else event.duration_s
    return SupplyEvent(
        kind=named(
            event.residual_percent,
            event.duration_s,
            is_high=event.kind is EventKind.SWELL,
            all_gone=event.kind is EventKind.INTERRUPTION,
        ),
        phases=tuple(phases.get(channel, "").upper() or channel for channel in event.channels),
        starts_at=record_at + timedelta(seconds=event.starts_s),
        duration_s=duration_s,
        residual_percent=event.residual_percent,
        source="waveform",
    )


def named(
    residual_percent: float | None, duration_s: float | None, *, is_high: bool, all_gone: bool = True
) -> SupplyKind:
    """Return what an event is called; while it goes on it is at least as long as the longest dip.

    Args:
        residual_percent: Of nominal.
        duration_s: None while it goes on.
        is_high: On which side of nominal its record has it; no residual voltage makes it one of the other.
        all_gone: False where other phases were there: no residual voltage makes it an interruption then.
    """
    if residual_percent is None:
        return SupplyKind.UNKNOWN
    limits = event_limits()
    is_short = duration_s is not None and duration_s <= limits.most_s
    if is_high:
        is_swell = is_short and residual_percent > limits.swell_percent
        return SupplyKind.SWELL if is_swell else SupplyKind.OVERVOLTAGE
    if all_gone and residual_percent < limits.interruption_percent:
        return SupplyKind.SHORT_INTERRUPTION if is_short else SupplyKind.INTERRUPTION
    is_dip = is_short and residual_percent < limits.dip_percent
    return SupplyKind.DIP if is_dip else SupplyKind.UNDERVOLTAGE


@cache
def event_limits() -> EventLimits:
    """Return the limits of GB/T 30137."""
    tables = limit_tables("gb30137_2024.toml")
    fields = {key: value for key, value in tables["limits"].items() if key not in {"clause", "least_s"}}
    return EventLimits(reference=reference_of(tables["reference"], tables["limits"]["clause"]), **fields)


@cache
def sarfi_percents() -> tuple[float, ...]:
    """Return the residual voltages below which events are counted, %."""
    return tuple(limit_tables("gb30137_2024.toml")["sarfi"]["percents"])


@cache
def ride_through_curves() -> tuple[RideThrough, ...]:
    """Return the curves of what equipment bears."""
    return tuple(
        RideThrough(
            name=row["name"],
            reference=reference_of(row, row["clause"]),
            low=_steps(row["low"]),
            high=_steps(row["high"]),
        )
        for row in limit_tables("ride_through.toml")["curve"]
    )


def _steps(rows: Sequence[Mapping[str, float]]) -> tuple[tuple[float, float], ...]:
    return tuple((float(row.get("to_s", inf)), float(row["percent"])) for row in rows)
