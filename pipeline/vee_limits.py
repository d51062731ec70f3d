"""Limits of validation and estimation as data, each with its unit and source; sites may set their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

SOURCES = {
    "spike_percent": "California MDMA VEE: (highest - third)/third; 180 % to be confirmed (detection.md 1.5)",
    "low_percent": "usual in western VEE, to be confirmed (detection.md 1.5)",
    "high_percent": "usual in western VEE, to be confirmed (detection.md 1.5)",
    "history_days": "own default",
    "history_estimated_share": "Oracle limits how much history may be estimated; the share is an own default",
    "sigma": "Oracle leaves the formula to the utility; own default",
    "sum_steps": "1 to 2 register units times multiplier, to be confirmed (detection.md 1.5)",
    "sum_percent": "0.1 %, to be confirmed (detection.md 1.5)",
    "zero_hours": "own default",
    "prolonged_hours": "3 cycles of a day, to be confirmed (detection.md 1.5)",
    "multiplier_percent": "exact by practice; 0.1 % for registers that round",
    "interpolated_minutes": "California MDMA VEE: gaps of up to 2 h (detection.md 1.5)",
    "like_days": "Itron IEE, Texas: mean of the 3 nearest valid like days (detection.md 1.5)",
    "reach_days": "own default",
    "final_after_days": "Texas: ask again for 5 days before final (detection.md 1.5)",
}
"""Where each limit comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VeeLimits:
    """All limits; see :data:`SOURCES`."""

    spike_percent: float = 180.0
    low_percent: float = 50.0
    high_percent: float = 200.0
    history_days: int = 7
    """Days before that a day is compared with; with fewer it is not."""
    history_estimated_share: float = 0.5
    sigma: float = 4.0
    sum_steps: float = 2.0
    sum_percent: float = 0.1
    zero_hours: float = 72.0
    prolonged_hours: float = 72.0
    multiplier_percent: float = 0.1
    interpolated_minutes: int = 120
    like_days: int = 3
    reach_days: int = 60
    """How far away a like day may be."""
    final_after_days: int = 5


LIMITS = VeeLimits()

THRESHOLDS = "vee"
"""What a ``[[threshold]]`` of the archive names as its detector to give a limit for a class or a point."""
OF_A_RUN = frozenset({"history_days", "final_after_days"})
"""Limits that hold for all meters of a run: how far it looks back, and when it gives up asking."""
SETTABLE = tuple(name for name in SOURCES if name not in OF_A_RUN)
"""Limits that a class or a service point may have its own of."""


_AT_LEAST = {"interpolated_minutes": 1, "like_days": 1}
"""The least number of a limit where it is not 0."""


def wanted_number(name: str, number: float) -> str | None:
    """Return what is expected of one of :data:`SETTABLE` instead of a number; None if it may be that."""
    least = _AT_LEAST.get(name, 0)
    if isinstance(getattr(LIMITS, name), int):
        return None if number >= least and float(number).is_integer() else f"a whole number from {least} on"
    return None if number >= least else f"a number from {least} on"


def limits_with(numbers: Mapping[str, float]) -> VeeLimits:
    """Return the limits with some of :data:`SETTABLE` laid down otherwise; whole numbers are rounded."""
    return replace(
        LIMITS,
        **{
            name: type(usual)(round(number) if isinstance(usual, int) else round(number, 9))
            for name, number in numbers.items()
            for usual in (getattr(LIMITS, name),)
        },
    )
