"""The numbers that rules judge by, with unit and source: those of every detector, and of validation (VEE)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from detectors.catalogue import detectors, parameters_of
from pipeline.vee_limits import LIMITS, OF_A_RUN, SOURCES, THRESHOLDS


class Holds(StrEnum):
    """Since when a ``[[threshold]]`` of a number holds."""

    FROM_ITS_DATE = "date"
    """Each slot, day, record or finding is judged by the number of its time."""
    AT_THE_END = "end"
    """All of a window is judged by the number in force at its end."""
    NOWHERE = "nowhere"
    """The number is one of a whole run: no ``[[threshold]]`` may lay it down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleNumber:
    """One number of one rule."""

    rule: str
    """What a ``[[threshold]]`` of the archive names as its detector."""
    number: str
    """The rule's number in the catalogue, ``D04``; empty where it has none."""
    parameter: str
    default: float
    unit: str
    """Empty where the name says it."""
    source: str
    tag: str
    """``S`` a public source, ``D`` practice to be confirmed, ``M`` measured, ``own``; may be empty."""
    holds: Holds


def rule_numbers() -> Iterator[RuleNumber]:
    """Yield all of them, detectors by their numbers, then validation."""
    known = {name: detectors.get(name)().about.number or "" for name in detectors.all()}
    for name, number in sorted(known.items(), key=lambda rule: (rule[1] or "Z", rule[0])):
        dated = detectors.get(name)().about.dated
        for parameter in parameters_of(detectors.get(name)):
            yield RuleNumber(
                rule=name,
                number=number,
                parameter=parameter.name,
                default=parameter.default,
                unit=parameter.unit,
                source=parameter.source,
                tag=parameter.tag,
                holds=Holds.FROM_ITS_DATE if parameter.name in dated else Holds.AT_THE_END,
            )
    for limit, source in SOURCES.items():
        yield RuleNumber(
            rule=THRESHOLDS,
            number="",
            parameter=limit,
            default=float(getattr(LIMITS, limit)),
            unit="",
            source=source,
            tag="",
            holds=Holds.NOWHERE if limit in OF_A_RUN else Holds.FROM_ITS_DATE,
        )
