"""What hands do to a meter itself, whatever flows through it: opened, programmed, its demand begun again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from pipeline.events import EventKind
from simulators.physics.window import Window

Shown: TypeAlias = Callable[[datetime], datetime]
"""What a meter's clock showed at a true time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Something that the meter notes from when to when: a cover is off, a magnet sits on the case."""

    kind: EventKind
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Programmed:
    """A parameter that is written at a window's start and, at its end, as it was before."""

    identifier: str
    """DI3 first, as people write it."""
    content: str
    """The entries one after the other, each as people write it, all as long as ``entry_bytes``."""
    entry_bytes: int
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandReset:
    """Maximum demand begins again (需量清零) at a window's start."""

    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridged:
    """The relay is opened, and the load goes on through a wire around it; at the end it is closed again."""

    window: Window


Handling: TypeAlias = Opened | Programmed | DemandReset | Bridged


def by_clock(handling: Handling, shown: Shown) -> Handling:
    """Return what was done at the times that the meter's own clock showed."""
    window = handling.window
    return replace(handling, window=Window(starts_at=shown(window.starts_at), ends_at=shown(window.ends_at)))
