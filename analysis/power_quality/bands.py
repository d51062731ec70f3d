"""Limits that are a band for a share of the readings, as data with their reference."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import inf
from typing import Any, Final

from analysis.power_quality.judgement import Reference

FILES: Final = (
    "gb15543_2008.toml",
    "gb15945_2008.toml",
    "gb12326_2008.toml",
    "gb24337_2009.toml",
    "en50160_2010_voltage.toml",
)
"""Files of ``analysis/data``, in the order in which their verdicts are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Between what a figure must lie, for what share of the readings, and who says so."""

    what: str
    """Which figure: ``voltage deviation``, ``frequency``, ``voltage unbalance``."""
    name: str
    """What tells it from the standard's other bands of the same figure."""
    reference: Reference
    unit: str
    low: float = -inf
    high: float = inf
    share_percent: float = 100.0
    """At least so much of the readings must be inside."""
    weekly: bool = False
    """It must hold in each week (seven local days) and not only in the month as a whole."""
    yearly: bool = False
    """The standard means a year; a month shows what it would come to."""
    from_kv: float = 0.0
    below_kv: float = inf


def bands(what: str, nominal_kv: float) -> tuple[Band, ...]:
    """Return the bands of a figure at a level of the network, kV."""
    return tuple(b for b in _bands() if b.what == what and b.from_kv <= nominal_kv < b.below_kv)


def reference_of(head: Mapping[str, Any], clause: str) -> Reference:  # Any: a table of TOML
    """Return the reference in a table of a limit file, with a row's clause."""
    return Reference(
        standard=head["standard"],
        edition=head["edition"],
        clause=clause,
        effective_from=head["effective_from"],
        source=head["source"],
        confirmed=head["confirmed"],
    )


@cache
def limit_tables(name: str) -> Mapping[str, Any]:  # Any: a table of TOML
    """Return a file of ``analysis/data``."""
    return tomllib.loads(files("analysis").joinpath("data", name).read_text(encoding="utf-8"))


@cache
def _bands() -> tuple[Band, ...]:
    found = []
    for name in FILES:
        tables = limit_tables(name)
        for row in tables["band"]:
            fields = {key: value for key, value in row.items() if key != "clause"}
            found.append(Band(reference=reference_of(tables["reference"], row["clause"]), **fields))
    return tuple(found)
