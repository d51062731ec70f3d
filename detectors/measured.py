"""The measured false alarms of every detector, as the evaluation wrote them down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlarms:
    """What a detector said of data in which nothing was wrong."""

    alarms: int
    meter_years: float
    upper95: float
    """Poisson 95 % upper bound of the rate, alarms a meter-year: the only rate that may be claimed."""


def false_alarms(detector: str) -> FalseAlarms | None:
    """Return the figures of a detector; None while it is not measured."""
    row = _rows().get(detector)
    if row is None:
        return None
    return FalseAlarms(alarms=int(row["alarms"]), meter_years=row["meter_years"], upper95=row["upper95"])


@cache
def _rows() -> Mapping[str, Mapping[str, float]]:
    text = files("detectors").joinpath("data", "false_alarms.json").read_text(encoding="utf-8")
    rows: Mapping[str, Mapping[str, float]] = json.loads(text)
    return rows
