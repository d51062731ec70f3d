"""How often Python looks for forgotten objects while readings pass through a long-running process."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

YOUNGEST: Final = 200_000
"""New objects between two looks. A batch of ten thousand readings is 50 000 at once, all of them still in
use: with Python's own 700 each of them is looked at again and again, a tenth of all the work of taking them
in."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look less often, and leave out what is already there: code and archive live as long as the process."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNGEST, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
