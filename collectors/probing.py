"""How long a meter that has been silent is listened to: little, so that it costs its neighbours little."""

from __future__ import annotations

from typing import Final

PROBE_SHARE: Final = 0.1
"""Silent meters together may take this share of the time that the others took in a cycle."""
PROBE_LEAST_S: Final = 0.02
PROBE_MARGIN: Final = 1.5
"""A silent meter is given this many times the longest wait for a first byte that its bus has seen."""
FULL_PROBE_EVERY: Final = 10
"""Every so many probes a silent meter gets the whole time-out, in case it is slower than its neighbours."""
FORGET_SLOW: Final = 0.98
"""What each answer leaves of an older, longer wait."""


def first_byte_s(slowest_s: float, failures: int, *, probe: bool) -> float | None:
    """Return how long to wait for the first byte; None for the whole time-out.

    Args:
        slowest_s: The longest wait for a first byte that the bus has seen; 0 when it has seen none.
        failures: Rounds in a row in which the meter was silent.
        probe: The meter is held to be silent.
    """
    if not probe or failures % FULL_PROBE_EVERY == 0 or not slowest_s:
        return None
    return max(PROBE_LEAST_S, PROBE_MARGIN * slowest_s)
