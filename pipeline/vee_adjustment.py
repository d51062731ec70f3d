"""Fits estimated slots between two register reads: what was measured stays, all add up to the growth."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.estimation import subtractive_adjustment
from pipeline.vee_window import Floats, VeeWindow

WHOLE = 1e-6
"""How far from a whole number of steps a sum of doubles may be."""


def adjust_to_registers(
    window: VeeWindow, kwh: Floats, quality: NDArray[np.str_], method: NDArray[np.str_]
) -> None:
    """Change the substituted slots between two register reads so that all add up to what the register grew.

    They become ``E``: their sum is measured. Nothing is changed where a slot is still missing, where the
    register is not known, or where the measured slots alone are more than it grew (the sum check tells that).
    """
    if window.registered is None or window.register_edges is None:
        return
    for row in np.flatnonzero((quality == "S").any(axis=1)):
        step = float(window.step_kwh[row])
        for first, last in pairwise(np.flatnonzero(window.register_edges[row]).tolist()):
            between = row, slice(first, last)
            eligible = quality[between] == "S"
            total = float(window.registered[between].sum())
            if not eligible.any() or not np.isfinite(total) or not np.isfinite(kwh[between]).all():
                continue
            if abs(total / step - round(total / step)) > WHOLE:
                continue  # transformers were changed within: there is no one step to share out
            adjusted = subtractive_adjustment(kwh[between], eligible, total, step)
            if adjusted is None:
                continue
            kwh[between] = adjusted
            quality[row, first:last][eligible] = "E"
            method[row, first:last][eligible] = np.char.add(method[between][eligible], ", fitted")
