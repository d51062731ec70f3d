"""Symmetrical components (对称分量) and unbalance (不平衡度) of three phases, apart from wiring faults."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

TURN_120: Final = complex(-0.5, np.sqrt(0.75))
"""The operator a: 120 degrees ahead."""
REVERSED: Final = 1.01
"""The negative sequence exceeds the positive by more than measuring error: no load or fault does that."""
SOUND: Final = 0.1
"""A correction of the wiring explains what is seen when it leaves less than 10 % unbalance of both kinds."""


class WiringFault(StrEnum):
    """What is wrong with the connections, so that no unbalance can be told."""

    PHASE_ORDER = "phase_order"
    REVERSED_A = "reversed_a"
    REVERSED_B = "reversed_b"
    REVERSED_C = "reversed_c"
    UNKNOWN = "unknown"
    """The negative sequence is the larger one, and no single correction explains it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unbalance:
    """How unbalanced three phases are, in percent of the positive sequence."""

    negative_percent: float | None
    """``U2 / U1`` (GB/T 15543); None with a wiring fault, or where there is no voltage."""
    zero_percent: float | None
    """``U0 / U1``; None also between phases, where there is none."""
    wiring_fault: WiringFault | None = None


def components(phasors: NDArray[np.inexact]) -> tuple[NDArray[np.complex128], ...]:
    """Return zero, positive and negative sequence of phasors a, b, c along the last axis."""
    a, b, c = (phasors[..., phase].astype(np.complex128) for phase in range(3))
    ahead, behind = TURN_120, TURN_120.conjugate()
    return (a + b + c) / 3.0, (a + ahead * b + behind * c) / 3.0, (a + behind * b + ahead * c) / 3.0


def unbalance(phasors: NDArray[np.complexfloating], *, between_phases: bool = False) -> Unbalance:
    """Return the unbalance of one set of phasors a, b, c (or ab, bc, ca), or the fault of the wiring.

    Args:
        phasors: Complex rms of the fundamentals.
        between_phases: They are line-to-line: the zero sequence cancels, so there is none to tell.
    """
    zero, positive, negative = (abs(complex(part)) for part in components(phasors))
    if not max(positive, negative) > 0.0 or not np.isfinite(positive):
        return Unbalance(negative_percent=None, zero_percent=None)
    if negative > REVERSED * positive:
        return Unbalance(negative_percent=None, zero_percent=None, wiring_fault=_fault(phasors))
    return Unbalance(
        negative_percent=100.0 * negative / positive,
        zero_percent=None if between_phases else 100.0 * zero / positive,
    )


def unbalances(phasors: NDArray[np.complexfloating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return ``U2 / U1`` and ``U0 / U1`` of many sets of phasors a, b, c along the last axis, %.

    NaN with a wiring fault, and where there is no voltage.
    """
    zero, positive, negative = (np.abs(part) for part in components(phasors))
    is_told = (positive > 0.0) & (negative <= REVERSED * positive)
    base = np.where(is_told, positive, np.nan)
    return 100.0 * negative / base, 100.0 * zero / base


def _fault(phasors: NDArray[np.complexfloating]) -> WiringFault:
    """Return the one correction after which the phases are sound."""
    a, b, c = (complex(phasor) for phasor in phasors)
    corrected = {
        WiringFault.PHASE_ORDER: (a, c, b),
        WiringFault.REVERSED_A: (-a, b, c),
        WiringFault.REVERSED_B: (a, -b, c),
        WiringFault.REVERSED_C: (a, b, -c),
    }
    for fault, trial in corrected.items():
        zero, positive, negative = (abs(complex(part)) for part in components(np.array(trial)))
        if max(zero, negative) < SOUND * positive:
            return fault
    return WiringFault.UNKNOWN
