"""Says in words what is wrong with a line on which no DL/T 645 meter was found, from what was heard on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was heard with one setting of the line."""

    setting: str
    """Such as ``2400 8E1``, or the address of a TCP peer."""
    meters: int
    broken_bytes: int
    """Bytes that make no sound frame."""
    echoed: bool
    """Our own question came back."""
    babbled: bool = False
    """Whole addresses, at which no two meters collide, were answered by broken bytes, too."""


def diagnose(seen: Sequence[Observation], *, may_try_more: bool = False) -> str:
    """Return what the observations mean and what to do next.

    Args:
        seen: One for each setting that was tried.
        may_try_more: Only one setting of a serial line was tried, because it was given.
    """
    heard = [o for o in seen if o.meters]
    if heard:
        return f"meters answer at {', '.join(o.setting for o in heard)}"
    noisy = [o for o in seen if o.broken_bytes]
    if noisy:
        return _noisy(noisy, len(seen), may_try_more=may_try_more)
    if any(o.echoed for o in seen):
        return (
            "only our own bytes came back: the adapter echoes, and no meter answers; "
            "check the wires A and B behind the adapter, the meters' supply, and the address range"
        )
    tried = f"{len(seen)} settings" if len(seen) > 1 else seen[0].setting if seen else "nothing"
    return (
        f"not one byte came back (tried {tried}): check the wires A and B (try them swapped), that the meter "
        "has voltage, and that the port or serial server leads to this line"
        + ("; leave ?baudrate= out to try every rate" if may_try_more else "")
    )


def _noisy(noisy: Sequence[Observation], tried: int, *, may_try_more: bool) -> str:
    where = ", ".join(f"{o.setting} ({o.broken_bytes} bytes)" for o in noisy)
    if tried > 1:
        return (
            f"bytes came that make no frame, at {where}: somebody speaks there, but not DL/T 645 at any rate "
            "tried, or the line is disturbed: check termination, screening and for another master"
        )
    babbled = all(o.babbled for o in noisy)
    if may_try_more:
        advice = "leave ?baudrate= and ?parity= out to try every setting"
    elif babbled:
        advice = "check termination, screening and the rate of a serial server, and stop the other master"
    else:
        advice = "ask one address alone"
    third = "another master" if babbled else "meters that answer at the same time"
    return (
        f"bytes came that make no frame, at {where}: wrong rate or parity, {third}, or a disturbed line; "
        f"{advice}"
    )
