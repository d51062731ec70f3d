"""Groups of buses: what is read by one task, and under which limit of a whole region or network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from services.flow_settings import EVERY_BUS
from services.wiring import bus_groups

FORBIDDEN_IN_NAMES = str.maketrans(dict.fromkeys("/%&<>?#", "-"))
"""Characters that Prefect takes in no name, or its client in no address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusGroup:
    """Buses that one task reads."""

    limit: str
    """The name of the limit on how many tasks read such buses at a time."""
    buses: Sequence[str]


def limit_name(pattern: str) -> str:
    """Return the name of the limit of the buses that fit a pattern."""
    return f"kilowatch buses {pattern.translate(FORBIDDEN_IN_NAMES)}"


def limit_names(patterns: Sequence[str]) -> list[str]:
    """Return the limits of an installation, that of buses which fit no pattern included."""
    return list(dict.fromkeys(map(limit_name, [*patterns, EVERY_BUS])))


def grouped(buses: Sequence[str], patterns: Sequence[str], size: int) -> list[BusGroup]:
    """Split buses into tasks of at most ``size``; a task's buses all fit the same first pattern."""
    by_pattern: dict[str, list[str]] = {pattern: [] for pattern in [*patterns, EVERY_BUS]}
    for bus in buses:
        fitting = next(pattern for pattern in by_pattern if fnmatchcase(bus, pattern))
        by_pattern[fitting].append(bus)
    return [
        BusGroup(limit=limit_name(pattern), buses=part)
        for pattern, fitting in by_pattern.items()
        for part in bus_groups(fitting, size)
    ]
