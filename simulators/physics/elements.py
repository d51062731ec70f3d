"""The measuring elements of a meter: voltages, currents, powers and angles that agree at every instant."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from simulators.physics.circuit import CORRECT, PHASES, SQRT3, Circuit, ElementState, element_states
from simulators.physics.conditions import Shown
from simulators.physics.loads import LoadCurve
from simulators.physics.phase_loads import Complex
from simulators.physics.supply import Supply
from simulators.physics.window import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """What flows at a service point, shape (phases, slots), kW + j kvar on the primary side."""

    drawn: Complex
    """Through the feeder: it makes the voltage fall."""
    metered: Complex
    """Through the meter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Segment:
    """Slots with one state of the connections."""

    first: int
    circuit: Circuit
    states: tuple[ElementState, ...]


class Elements:
    """Measures the flows; in every slot each element's power is constant."""

    def __init__(  # noqa: PLR0913 - a meter's place is all of this
        self,
        *,
        wiring: Wiring,
        ct: float,
        pt: float,
        supply: Supply,
        grid: LoadCurve,
        flows: Flows,
        changes: Sequence[Change[Circuit]] = (),
    ) -> None:
        """Work out what each element measures in each slot of ``grid``."""
        self._wiring, self._ct, self._pt = wiring, ct, pt
        self._supply, self._grid, self._flows = supply, grid, flows
        self._segments = _segments(wiring, grid, changes)
        self._firsts = [segment.first for segment in self._segments]
        self.powers = self._powers()
        """kW + j kvar on the primary side, shape (elements, slots)."""

    def read(self, stamp_s: float) -> Shown:
        """Return voltages, currents, powers, factors and angles on the secondary side."""
        slot, _ = self._grid.locate(stamp_s)
        drawn: list[complex] = self._flows.drawn[:, slot].tolist()
        metered: list[complex] = self._flows.metered[:, slot].tolist()
        segment = self._segments[bisect_right(self._firsts, slot) - 1]
        three_wire = self._wiring is Wiring.THREE_PHASE_THREE_WIRE
        if three_wire:
            volts = self._supply.line_volts(stamp_s, slot, sum(drawn))
        else:
            volts = self._supply.volts(stamp_s, slot, drawn)
        shown: Shown = {}
        neutral = 0j
        for state, whole_v in zip(segment.states, volts, strict=True):
            phase_v = whole_v / SQRT3 if three_wire else whole_v
            per_kva = 1000 / phase_v / self._ct
            name = state.element.phase
            shown[_VOLTAGES[self._wiring][name]] = whole_v * state.volts / self._pt
            shown[_CURRENTS[name]] = state.amps * abs(metered[state.row]) * per_kva
            neutral += state.ampere_phasor * metered[state.row].conjugate() * per_kva
        if self._wiring is Wiring.THREE_PHASE_FOUR_WIRE:
            terminals = [u * terminal for u, terminal in zip(volts, segment.circuit.volts, strict=True)]
            for quantity, plus, minus in _LINE_VOLTAGES:
                shown[quantity] = abs(terminals[plus] - terminals[minus]) / self._pt
            shown[Quantity.CURRENT_N] = abs(neutral)
        elif self._wiring is Wiring.ONE_PHASE:
            # The way back passes the meter whole, whatever is done to the line's terminals.
            shown[Quantity.CURRENT_N] = abs(metered[0]) * 1000 / volts[0] / self._ct
        ratio = self._ct * self._pt
        powers: list[complex] = (self.powers[:, slot] / ratio).tolist()
        shown.update(_power_values([state.element.phase for state in segment.states], powers))
        return shown

    def _powers(self) -> Complex:
        if self._wiring is not Wiring.THREE_PHASE_THREE_WIRE and _is_correct(self._segments):
            return self._flows.metered  # each element measures its own phase: no second copy of it
        slots = self._grid.active_kw.size
        powers = np.empty((len(self._segments[0].states), slots), np.complex128)
        for segment, end in zip(self._segments, [*self._firsts[1:], slots], strict=True):
            for row, state in enumerate(segment.states):
                powers[row, segment.first : end] = (
                    state.power * self._flows.metered[state.row, segment.first : end]
                )
        return powers


def _segments(wiring: Wiring, grid: LoadCurve, changes: Sequence[Change[Circuit]]) -> list[_Segment]:
    """Cut the grid where connections change; changes of one time are applied in their order."""
    slots = [grid.slots_between(change.window.starts_at, change.window.ends_at) for change in changes]
    firsts = {0} | {edge for where in slots for edge in (where.start, where.stop)}
    segments = []
    for first in sorted(firsts - {grid.active_kw.size}):
        circuit = CORRECT
        for change, where in zip(changes, slots, strict=True):
            if where.start <= first < where.stop:
                circuit = change.apply(circuit)
        segments.append(_Segment(first=first, circuit=circuit, states=element_states(wiring, circuit)))
    return segments


def _is_correct(segments: Sequence[_Segment]) -> bool:
    return all(segment.circuit == CORRECT for segment in segments)


def _power_values(names: Sequence[str], powers: Sequence[complex]) -> Shown:
    """Return powers, power factors and angles of each element and of their sum."""
    shown: Shown = {}
    for suffix, power in [("", sum(powers)), *((f"_{n}", s) for n, s in zip(names, powers, strict=True))]:
        active, reactive, apparent, factor = _POWER_NAMES[suffix]
        s_kva = abs(power)
        shown[active], shown[reactive], shown[apparent] = power.real, power.imag, s_kva
        # A meter without current shows 1.000.
        shown[factor] = power.real / s_kva if s_kva else 1.0
    for name, power in zip(names, powers, strict=True):
        shown[_ANGLES[name]] = math.degrees(math.atan2(power.imag, power.real)) % 360.0
    return shown


def phase_names(stem: str) -> dict[str, Quantity]:
    """Return the quantity of each phase, such as ``current_a`` for ``a``."""
    return {phase: Quantity(f"{stem}_{phase}") for phase in PHASES}


_POWER_NAMES = {
    suffix: (
        Quantity(f"active_power{suffix}"),
        Quantity(f"reactive_power{suffix}"),
        Quantity(f"apparent_power{suffix}"),
        Quantity(f"power_factor{suffix}"),
    )
    for suffix in ("", "_a", "_b", "_c")
}
_VOLTAGES = {
    Wiring.ONE_PHASE: phase_names("voltage"),
    # The voltage of the second element is Ucb; meters give its size as Ubc.
    Wiring.THREE_PHASE_THREE_WIRE: {"a": Quantity.VOLTAGE_AB, "c": Quantity.VOLTAGE_BC},
    Wiring.THREE_PHASE_FOUR_WIRE: phase_names("voltage"),
}
_CURRENTS = phase_names("current")
_ANGLES = phase_names("phase_angle")
_LINE_VOLTAGES = (
    (Quantity.VOLTAGE_AB, 0, 1),
    (Quantity.VOLTAGE_BC, 1, 2),
    (Quantity.VOLTAGE_CA, 2, 0),
)
