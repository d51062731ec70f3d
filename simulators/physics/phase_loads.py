"""What flows through each phase of a service point, slot by slot, as kW + j kvar on the primary side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulators.physics.loads import LoadCurve
from simulators.physics.window import Window

Complex = NDArray[np.complex128]


@dataclass(frozen=True, kw_only=True, eq=False)  # no slots: a cached property needs a place
class PhaseLoads:
    """Complex power by phase, constant within each slot; import and lagging are positive."""

    starts_at: datetime
    minutes: int
    kva: Complex
    """Shape (phases, slots); a single-phase customer has one row."""
    edits: tuple[Window, ...] = ()
    """Where something was done to them; the slots of such a window are others than they would have been."""

    @classmethod
    def split(cls, curve: LoadCurve, shares: Sequence[float]) -> PhaseLoads:
        """Spread a curve over phases; the shares add up to 1."""
        kva = np.asarray(shares)[:, None] * (curve.active_kw + 1j * curve.reactive_kvar)
        return cls(starts_at=curve.starts_at, minutes=curve.minutes, kva=kva)

    @cached_property
    def total(self) -> LoadCurve:
        """The curve of all phases together."""
        total = self.kva[0] if len(self.kva) == 1 else self.kva.sum(axis=0)
        return LoadCurve(
            starts_at=self.starts_at, minutes=self.minutes, active_kw=total.real, reactive_kvar=total.imag
        )

    def slots(self, window: Window) -> slice:
        """Return the slots that begin in a window."""
        return self.total.slots_between(window.starts_at, window.ends_at)

    def replaced(self, window: Window, kva: ArrayLike) -> PhaseLoads:
        """Return the loads with other powers, shape (phases, slots) or what fits it, within a window."""
        own = self.kva.copy()
        own[:, self.slots(window)] = kva
        return replace(self, kva=own, edits=(*self.edits, window))

    def added(self, window: Window, kva: ArrayLike) -> PhaseLoads:
        """Return the loads with more power within a window."""
        return self.replaced(window, self.kva[:, self.slots(window)] + np.asarray(kva))

    def scaled(self, window: Window, factor: ArrayLike) -> PhaseLoads:
        """Return the loads times a factor, one for all slots or one each, within a window."""
        return self.replaced(window, self.kva[:, self.slots(window)] * np.asarray(factor))


def shares_of(loads: PhaseLoads) -> NDArray[np.float64]:
    """Return the share of each phase in the energy of a curve; equal ones where there is none."""
    energy = np.abs(loads.kva).sum(axis=1)
    whole = float(energy.sum())
    rows = loads.kva.shape[0]
    return energy / whole if whole else np.full(rows, 1 / rows)
