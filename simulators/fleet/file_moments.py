"""Reads a moment of a fleet file: so many local days ago, at a local time."""

from __future__ import annotations

import re
from datetime import time

from simulators.fleet.plan import Moment
from simulators.fleet.toml_entry import TomlEntry

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def read_moment(entry: TomlEntry, days_key: str, at_key: str) -> Moment:
    """Take a local day and time of day, such as ``days_ago = 12, at = "22:00"``.

    Raises:
        ConfigError: Naming the entry and the key that is wrong.
    """
    clock = entry.get(at_key, str, "00:00")
    if not _CLOCK.fullmatch(clock):
        raise entry.wrong(at_key, f'must be a time of day such as "22:00", not {clock!r}')
    return Moment(days_ago=entry.need(days_key, int), at=time.fromisoformat(clock))
