"""How often and how long a message is tried again (重试)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

FIRST_S: Final = 30
LONGEST: Final = timedelta(hours=1)
MOST_ATTEMPTS: Final = 30
"""About a day."""


def next_attempt_after(attempts: int) -> timedelta | None:
    """Return how long to wait after so many failed attempts; None when it is given up."""
    if attempts >= MOST_ATTEMPTS:
        return None
    return min(timedelta(seconds=FIRST_S * (1 << min(attempts - 1, 16))), LONGEST)
