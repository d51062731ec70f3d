"""Theft as the literature injects it into honest curves (h1 to h8), for measuring what finds it.

h1 to h6 take energy off the register, as P. Jokar et al., "Electricity Theft Detection in AMI Using
Customers' Consumption Patterns" (IEEE Trans. Smart Grid 7(1), 2016) and later papers do; h7 and h8 leave the
energy and move it, which steals the spread of a time-of-use tariff. They are formulas: real thefts look
otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Attack: TypeAlias = Callable[[Floats, Floats, Generator], Floats]
"""From the honest energies before and during the theft, shape (homes, days, slots), to what is registered."""

FACTORS: Final = (0.1, 0.8)
"""What is left of the energy, from and to."""
CAPS: Final = (0.5, 0.95)
"""Shares of the home's own slots that lie below the cap of h2."""
OFFSETS: Final = (0.2, 0.8)
"""Shares of the home's own slots that lie below what h3 takes off."""
HOURS_OFF: Final = (4.0, 12.0)
"""How long h4 shows nothing each day."""


def _scaled(_before: Floats, during: Floats, random: Generator) -> Floats:
    return during * random.uniform(*FACTORS, (len(during), 1, 1))


def _capped(before: Floats, during: Floats, random: Generator) -> Floats:
    return np.minimum(during, _own_share(before, random.uniform(*CAPS, len(before))))


def _offset(before: Floats, during: Floats, random: Generator) -> Floats:
    return np.maximum(during - _own_share(before, random.uniform(*OFFSETS, len(before))), 0.0)


def _dark_hours(_before: Floats, during: Floats, random: Generator) -> Floats:
    homes, _, slots = during.shape
    first: NDArray[np.int64] = random.integers(0, slots, size=(homes, 1))
    length = np.rint(random.uniform(*HOURS_OFF, homes) * slots / 24.0)
    since = (np.arange(slots) - first) % slots
    return np.where((since < length[:, None])[:, None, :], 0.0, during)


def _scaled_at_random(_before: Floats, during: Floats, random: Generator) -> Floats:
    return during * random.uniform(*FACTORS, during.shape)


def _mean_at_random(before: Floats, during: Floats, random: Generator) -> Floats:
    mean: Floats = before.mean(axis=(1, 2))[:, None, None]
    factors: Floats = random.uniform(*FACTORS, size=during.shape)
    return mean * factors


def _flat(_before: Floats, during: Floats, _random: Generator) -> Floats:
    return np.broadcast_to(during.mean(axis=(1, 2))[:, None, None], during.shape).copy()


def _reversed(_before: Floats, during: Floats, _random: Generator) -> Floats:
    return during[:, :, ::-1].copy()


ATTACKS: Mapping[str, Attack] = MappingProxyType(
    {
        "h1": _scaled,
        "h2": _capped,
        "h3": _offset,
        "h4": _dark_hours,
        "h5": _scaled_at_random,
        "h6": _mean_at_random,
        "h7": _flat,
        "h8": _reversed,
    }
)
"""One factor for all; a cap; an offset; hours of nothing; a factor a slot; a factor a slot of the mean; the
mean; the day read backwards."""

LESS_ENERGY = ("h1", "h2", "h3", "h4", "h5", "h6")
"""Those that take energy; the others only move it."""


def attacked(kind: str, before: Floats, during: Floats, random: Generator, step_kwh: float = 0.01) -> Floats:
    """Return what a register of ``step_kwh`` shows of homes under attack.

    The running total is rounded, as a register does it: an attack leaves no trace in digits no meter has.

    Raises:
        KeyError: If there is no such attack.
    """
    taken = ATTACKS[kind](before, during, random)
    total = np.rint(np.cumsum(taken.reshape(len(taken), -1), axis=1) / step_kwh)
    counted: Floats = np.diff(total, axis=1, prepend=0.0).reshape(taken.shape) * step_kwh
    return counted


def _own_share(before: Floats, shares: Floats) -> Floats:
    """Return for each home the energy below which such a share of its own slots lies."""
    slots = before.reshape(len(before), -1)
    levels = np.array([np.quantile(row, share) for row, share in zip(slots, shares, strict=True)])
    return levels[:, None, None]
