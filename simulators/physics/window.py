"""A stretch of time, and something that is otherwise while it lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of time, ``[starts_at, ends_at)``."""

    starts_at: datetime
    ends_at: datetime

    def holds(self, stamp_s: float) -> bool:
        """Tell whether a POSIX time lies in it."""
        return self.starts_at.timestamp() <= stamp_s < self.ends_at.timestamp()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Generic[T]):
    """What is made of a value within a window; outside it stays as it is."""

    window: Window
    apply: Callable[[T], T]


def changed(value: T, changes: Iterable[Change[T]], stamp_s: float) -> T:
    """Return ``value`` after all changes that hold at a POSIX time, in their order."""
    for change in changes:
        if change.window.holds(stamp_s):
            value = change.apply(value)
    return value
