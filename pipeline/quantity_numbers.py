"""Numbers the quantities of many readings at once.

Looking each value's quantity up in a dictionary is the dearest part of making columns of readings. A member
of an enumeration is one object for as long as the process lives, so numpy compares where they lie in memory;
what it does not recognise by that is looked up (decision record 0042).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.quantities import Quantity

NUMBER_OF: Final = dict(zip(Quantity, range(len(Quantity)), strict=True))
"""There are fewer than 256 quantities: a byte holds the number."""

_ALIGNED: Final = 4
"""Bits of an address that are the same for all objects."""
_MOST_BITS: Final = 20


def _slots(addresses: NDArray[np.intp], bits: int) -> NDArray[np.intp]:
    return (addresses >> _ALIGNED) & ((1 << bits) - 1)


def _telling_bits(addresses: NDArray[np.intp]) -> int:
    """Return how many bits of their addresses tell the quantities apart; the most there may be otherwise."""
    enough = (b for b in range(8, _MOST_BITS) if len(np.unique(_slots(addresses, b))) == len(addresses))
    return next(enough, _MOST_BITS)


_ADDRESSES: Final = np.fromiter(map(id, Quantity), dtype=np.intp)
_BITS: Final = _telling_bits(_ADDRESSES)
_NUMBER_AT: Final = np.zeros(1 << _BITS, dtype=np.uint8)
_NUMBER_AT[_slots(_ADDRESSES, _BITS)] = np.arange(len(_ADDRESSES))


def numbers_of(quantities: Iterable[Quantity], count: int) -> NDArray[np.uint8]:
    """Return the numbers of ``count`` quantities.

    Raises:
        KeyError: If one is no quantity.
    """
    # numpy keeps objects as their addresses, which is what CPython's id() tells.
    objects = np.fromiter(quantities, dtype=np.object_, count=count)
    addresses = np.frombuffer(objects.tobytes(), dtype=np.intp)
    numbers = _NUMBER_AT[_slots(addresses, _BITS)]
    if np.array_equal(_ADDRESSES[numbers], addresses):
        return numbers
    return np.frombuffer(bytes(map(NUMBER_OF.__getitem__, objects)), dtype=np.uint8)
