"""What makes signals one incident: rules by cause, read from ``causes.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from pipeline.alarms.model import Signal
from pipeline.model import Severity


class Place(StrEnum):
    """What an incident of a cause is told by."""

    BUS = "bus"
    AREA = "area"
    POINT = "point"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How signals of one cause become incidents."""

    cause: str
    place: Place
    opens_after: timedelta
    closes_after: timedelta
    reopens_within: timedelta
    storm_window: timedelta
    storm_places: int
    storm_signals: int
    major_from_meters: int
    critical_from_meters: int

    def severity_of(self, meters: int) -> Severity:
        """Return what so many meters at once make of an incident, at least."""
        if meters >= self.critical_from_meters:
            return Severity.CRITICAL
        return Severity.MAJOR if meters >= self.major_from_meters else Severity.INFO


def rule_of(what: str) -> Rule:
    """Return the rule of a detector or condition."""
    return _rules().get(what) or _rule(what, {})


def cause_names() -> frozenset[str]:
    """Return the causes that have a rule of their own."""
    return frozenset(rule.cause for rule in _rules().values())


def place_of(signal: Signal, rule: Rule) -> str:
    """Return where a signal is by its cause's rule; what is not filed gives way to the next smaller place."""
    if rule.place is Place.WHOLE:
        return rule.place.value
    kinds = {
        Place.BUS: ("bus", "area", "service_point", "meter"),
        Place.AREA: ("area", "service_point", "meter"),
        Place.POINT: ("service_point", "meter", "bus", "area"),
    }[rule.place]
    for kind in kinds:
        name = getattr(signal, kind)
        if name is not None:
            return f"{kind} {name}"
    return Place.WHOLE.value


@cache
def _rules() -> Mapping[str, Rule]:
    """Return the rules by the names of detectors and conditions."""
    rules: dict[str, Rule] = {}
    for cause, row in _tables()["cause"].items():
        rules |= {name: _rule(cause, row) for name in row["names"]}
    return MappingProxyType(rules)


def _rule(cause: str, row: Mapping[str, Any]) -> Rule:  # Any: as above
    whole = {**_tables()["default"], **row}
    minutes = {
        name: timedelta(minutes=whole[f"{name}_min"])
        for name in ("opens_after", "closes_after", "reopens_within", "storm_window")
    }
    return Rule(
        cause=cause,
        place=Place(whole["place"]),
        storm_places=whole["storm_places"],
        storm_signals=whole["storm_signals"],
        major_from_meters=whole["major_from_meters"],
        critical_from_meters=whole["critical_from_meters"],
        **minutes,
    )


@cache
def _tables() -> Mapping[str, Any]:  # Any: TOML
    return tomllib.loads(files("pipeline").joinpath("alarms", "causes.toml").read_text(encoding="utf-8"))
