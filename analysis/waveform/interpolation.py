"""Values between samples: by a quintic spline, or by a windowed sinc where samples are few."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

SPLINE_ORDER: Final = 5
"""At 10 kHz order 40 keeps its amplitude to 0.03 %; a cubic one loses 0.5 %, a straight line 12 %."""
SPLINE_LEAST_HZ: Final = 8000.0
"""Below this rate order 40 comes too near to half of it for a spline, which loses 1 % at 0.31 of the rate."""
MARGIN: Final = 32
"""Samples on each side that a value between may depend on: in a quintic spline 0.43 ** 32 is 2e-12."""
SINC_REACH: Final = 24
"""Samples on each side that the sinc takes: flat up to 0.44 of the rate."""
SINC_BETA: Final = 8.0
"""Of its Kaiser window: what lies beyond half the rate is 80 dB down."""


def between_samples(
    part: NDArray[np.float64], places: NDArray[np.float64], rate_hz: float
) -> NDArray[np.float64]:
    """Return the values at places among samples, which are counted from 0; at a sample its own value.

    Beyond both ends the samples go on mirrored in their end point.

    Args:
        part: Samples without a gap.
        places: Need not be whole.
        rate_hz: Of the samples.
    """
    margin = min(MARGIN, len(part) - 1)
    before = 2.0 * part[0] - part[margin:0:-1]
    after = 2.0 * part[-1] - part[-2 : -2 - margin : -1]
    longer = np.concatenate((before, part, after))
    if rate_hz < SPLINE_LEAST_HZ and margin == MARGIN:
        return _sinc(longer, places + margin)
    coefficients = ndimage.spline_filter1d(longer, order=SPLINE_ORDER)
    return np.asarray(
        ndimage.map_coordinates(
            coefficients, (places + margin)[None], order=SPLINE_ORDER, prefilter=False, mode="nearest"
        )
    )


def _sinc(samples: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    at = np.clip(places, SINC_REACH, len(samples) - 1 - SINC_REACH)
    whole = np.floor(at).astype(np.int64)
    beyond = at - whole
    total, weights = np.zeros_like(at), np.zeros_like(at)
    for tap in range(1 - SINC_REACH, SINC_REACH + 1):
        apart = beyond - tap
        window = special.i0(SINC_BETA * np.sqrt(np.maximum(1.0 - np.square(apart / SINC_REACH), 0.0)))
        weight = np.sinc(apart) * window
        total += weight * samples[whole + tap]
        weights += weight
    return total / weights
