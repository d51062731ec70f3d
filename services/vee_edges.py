"""Where readings tell the register in the middle of a gap, so that estimation moves no energy past them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.intervals import SlotGrid
from pipeline.model import MeterId
from pipeline.registry import Registry
from pipeline.shown_ratings import as_shown
from pipeline.stays import ALWAYS, known_slot_edges, register_histories
from pipeline.vee_gaps import spread
from pipeline.vee_window import Mask, VeeWindow
from services.derive import REGISTERS, counted
from storage.intervals import QUADRANTS
from storage.readings import ReadingSeries


class KnownEdges:
    """The readings of some meters, asked for the slot edges at which they tell a register."""

    def __init__(self, registry: Registry, series: ReadingSeries, primary: frozenset[str]) -> None:
        """Take the readings; ``primary`` names the profiles that report primary values already."""
        self._meters = as_shown(registry, primary).meter_by_id
        self._histories = register_histories(registry)
        self._series = series

    def on(self, window: VeeWindow) -> VeeWindow:
        """Return ``window`` with the known edges of each meter that has a gap of known sum."""
        edges = np.zeros((len(window.meters), window.slots + 1), dtype=np.bool_)
        grid = SlotGrid(starts_at=window.starts_at[0], minutes=window.minutes, slots=window.slots)
        for row in np.flatnonzero(spread(window).any(axis=1)).tolist():
            edges[row] = self._of(window.meters[row], window.energy, grid)
        return replace(window, known_edges=edges)

    def _of(self, meter: MeterId, energy: str, grid: SlotGrid) -> Mask:
        """Return where the register behind an energy is known; of a sum, where both its quadrants are."""
        series = self._series.of(meter)
        history = self._histories.get(meter, ALWAYS)
        known = [
            known_slot_edges(readings, grid, register, history)
            for name in (energy, *QUADRANTS.get(energy, ()))
            for readings, register in (counted(self._meters[meter], series, REGISTERS[name]),)
        ]
        own, quadrants = known[0], known[1:]
        return own | np.all(quadrants, axis=0) if quadrants else own
