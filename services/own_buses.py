"""Which buses a collector reads when several divide an archive."""

from __future__ import annotations

from fnmatch import fnmatchcase


def is_meant(bus: str, patterns: str | None) -> bool:
    """Tell whether one of the patterns, divided by commas, fits a bus; without any every bus is meant."""
    return patterns is None or any(fnmatchcase(bus, pattern.strip()) for pattern in patterns.split(","))
