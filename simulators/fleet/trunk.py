"""The low-voltage line of an area: what the neighbours' load and the network take off each one's voltage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.fleet.plan import AreaPlan
from simulators.physics.phase_loads import Complex
from simulators.physics.supply import SharedDrop

WANDER_PU = 0.004
"""Standard deviation of the network's own movement, on each phase apart."""
WANDER_SLOTS = 12
"""How many slots the network remembers."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trunk:
    """The voltage along one line, as a share of nominal, shape (3, slots)."""

    wander_pu: Floats
    """What the network takes off; the same for everyone on a phase."""
    end_drop_pu: Floats
    """What all the load would take off if it hung at the end of the line."""

    def at(self, place: float) -> SharedDrop:
        """Return what is taken off at a place, 0 the transformer, 1 the end of the line.

        Customers hang evenly, so the current falls along the line: the drop grows as x - x2/2. Everyone on
        the line looks at these two tables; nobody has a copy.
        """
        share = place - place * place / 2

        def taken_off(phase: int, slot: int) -> float:
            return self.wander_pu.item(phase, slot) + self.end_drop_pu.item(phase, slot) * share

        return taken_off


def trunk_of(area: AreaPlan, kva: Complex, phase_v: float, seed: int) -> Trunk:
    """Return the line of an area that carries ``kva``, shape (3, slots), at a nominal voltage."""
    drop_v = (area.trunk_r_ohm * kva.real + area.trunk_x_ohm * kva.imag) * 1000 / phase_v
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((3, kva.shape[1] + WANDER_SLOTS))
    kernel = np.ones(WANDER_SLOTS) / np.sqrt(WANDER_SLOTS)
    wander = np.array([np.convolve(row, kernel, mode="valid")[: kva.shape[1]] for row in noise])
    return Trunk(wander_pu=WANDER_PU * wander, end_drop_pu=drop_v / phase_v)


def places(count: int) -> Sequence[float]:
    """Return where customers hang on a line, from the transformer to its end."""
    return [(n + 0.5) / count for n in range(count)]
