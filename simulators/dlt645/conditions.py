"""What is wrong on a meter's terminals at one instant: voltages, currents and powers against thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pipeline.events import EventKind
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.decoding import on_wiring

Condition = tuple[EventKind, str]
"""A kind of event and its phase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratings:
    """What is printed on the meter."""

    voltage_v: float = 220.0
    basic_current_a: float = 5.0
    max_current_a: float = 60.0
    ct: float = 1.0
    """The ratio that is set in it (变比); nothing that is read hangs on it."""
    pt: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From where on something is an event, as shares of the ratings.

    What two independent firmwares of State Grid meters carry, with 60 s of delay (:class:`Traits`); the
    standard of 2007 gives none.
    """

    loss_of_voltage: float = 0.78
    """失压: voltage below, current above ``no_current``."""
    under_voltage: float = 0.78
    over_voltage: float = 1.2
    phase_break: float = 0.6
    """断相: voltage below, current below ``no_current``; 断流: voltage above, current below."""
    no_current: float = 0.005
    """Of the basic current."""
    some_current: float = 0.05
    """Of the basic current: another phase must carry so much for a current loss."""
    live_voltage: float = 0.7
    """失流: the voltage must be above."""
    over_current: float = 1.2
    """Of the greatest current."""
    overload: float = 1.2
    """Of rated voltage times greatest current."""
    reverse_flow: float = 0.005
    """Of rated voltage times basic current, outward."""
    unbalance: float = 0.3
    """Greatest less smallest, as a share of the greatest: of what the 30 % are is to be confirmed."""


STANDARD_THRESHOLDS: Final = Thresholds()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Phase:
    """What one element shows."""

    name: str
    volts: float
    amps: float
    kw: float


def conditions(
    shown: Mapping[Quantity, float], wiring: Wiring, ratings: Ratings, limits: Thresholds
) -> frozenset[Condition]:
    """Return what is wrong in what a meter shows; a meter without power shows only that."""
    if not shown:
        return frozenset({(EventKind.POWER_DOWN, "")})
    phases = [phase for name in "abc" if (phase := _phase(name, shown, wiring)) is not None]
    found: set[Condition] = set()
    for phase in phases:
        others = [p.amps for p in phases if p is not phase]
        found.update((kind, phase.name) for kind in _of_phase(phase, others, ratings, limits))
    if wiring is Wiring.THREE_PHASE_FOUR_WIRE and phases:
        found.update((kind, "") for kind in _of_all(phases, ratings, limits))
    if (EventKind.ALL_VOLTAGE_LOSS, "") in found:
        # A total loss ends what is recorded of single phases.
        return frozenset(one for one in found if one[0] not in _OF_ONE_VOLTAGE)
    return frozenset(found)


def _phase(name: str, shown: Mapping[Quantity, float], wiring: Wiring) -> _Phase | None:
    voltage = on_wiring(_VOLTAGES[name], wiring)
    if voltage is None or voltage not in shown:
        return None
    return _Phase(
        name=name,
        volts=shown[voltage],
        amps=abs(shown.get(_CURRENTS[name], 0.0)),
        kw=shown.get(_POWERS[name], 0.0),
    )


def _of_phase(
    phase: _Phase, other_amps: list[float], ratings: Ratings, limits: Thresholds
) -> Iterator[EventKind]:
    volts_pu = phase.volts / ratings.voltage_v
    has_current = phase.amps > limits.no_current * ratings.basic_current_a
    if volts_pu < limits.loss_of_voltage and has_current:
        yield EventKind.VOLTAGE_LOSS
    if volts_pu < limits.phase_break and not has_current:
        yield EventKind.PHASE_BREAK
    if limits.phase_break <= volts_pu < limits.under_voltage:
        yield EventKind.UNDERVOLTAGE
    if volts_pu > limits.over_voltage:
        yield EventKind.OVERVOLTAGE
    others_flow = max(other_amps, default=0.0) > limits.some_current * ratings.basic_current_a
    if not has_current and others_flow and volts_pu > limits.live_voltage:
        yield EventKind.CURRENT_LOSS
    if not has_current and other_amps and volts_pu > limits.phase_break:
        yield EventKind.CURRENT_BREAK
    if phase.amps > limits.over_current * ratings.max_current_a:
        yield EventKind.OVERCURRENT
    if phase.kw * 1000 > limits.overload * ratings.voltage_v * ratings.max_current_a:
        yield EventKind.OVERLOAD
    if phase.kw * 1000 < -limits.reverse_flow * ratings.voltage_v * ratings.basic_current_a:
        yield EventKind.REVERSE_FLOW


def _of_all(phases: list[_Phase], ratings: Ratings, limits: Thresholds) -> Iterator[EventKind]:
    volts, amps = [p.volts for p in phases], [p.amps for p in phases]
    all_dark = max(volts) < limits.phase_break * ratings.voltage_v
    if all_dark and max(amps) > limits.some_current * ratings.basic_current_a:
        yield EventKind.ALL_VOLTAGE_LOSS
    if not all_dark and unbalance(volts) > limits.unbalance:
        yield EventKind.VOLTAGE_UNBALANCE
    if max(amps) > limits.some_current * ratings.basic_current_a and unbalance(amps) > limits.unbalance:
        yield EventKind.CURRENT_UNBALANCE


def unbalance(values: list[float]) -> float:
    """Return the greatest less the smallest as a share of the greatest; 0 when all are 0."""
    greatest = max(values)
    return (greatest - min(values)) / greatest if greatest else 0.0


_OF_ONE_VOLTAGE: Final = frozenset({EventKind.VOLTAGE_LOSS, EventKind.UNDERVOLTAGE, EventKind.PHASE_BREAK})
_VOLTAGES: Final = {phase: Quantity(f"voltage_{phase}") for phase in "abc"}
_CURRENTS: Final = {phase: Quantity(f"current_{phase}") for phase in "abc"}
_POWERS: Final = {phase: Quantity(f"active_power_{phase}") for phase in "abc"}
