"""Ratios (变比) as meters themselves hold them, for comparison with the archive's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from pipeline.model import MeterId
from pipeline.records import ParameterReading
from pipeline.vee_window import Floats

CT: Final = "ct_ratio"
PT: Final = "pt_ratio"
NEVER_SET: Final = 1.0


def told_multipliers(readings: Sequence[ParameterReading], row_of: Mapping[MeterId, int]) -> Floats | None:
    """Return CT times PT by each meter's own registers, shape (meters,); None where no meter tells one.

    The newest value counts; one of a meter that does not tell the other is taken as 1. A product of 1 is
    what a meter shows into which nobody ever wrote a ratio: it tells nothing and is NaN.

    Args:
        readings: Parameters as they were read, oldest first.
        row_of: The row of each meter that is asked for.
    """
    newest = {(reading.meter, reading.name): reading.value for reading in readings}
    told = np.full(len(row_of), np.nan)
    for meter, row in row_of.items():
        product = newest.get((meter, CT), NEVER_SET) * newest.get((meter, PT), NEVER_SET)
        if product != NEVER_SET:
            told[row] = product
    return told if np.isfinite(told).any() else None
