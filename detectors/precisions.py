"""How often a detector is right on site: a prior from a data file, replaced by what people found."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pipeline.case_records import Feedback, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What is assumed of a detector."""

    precision: float
    counts: float
    """As many looked-at episodes it is worth."""
    visits: float
    """Cost of an inspection in visits of a crew to one customer."""
    source: str
    tag: str
    alone: bool = False
    """Whether it may open a case by itself as long as no false alarm of it was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """What is believed of a detector now."""

    value: float
    confirmed: int
    looked_at: int
    prior: Prior


def prior_of(detector: str) -> Prior:
    """Return the prior of a detector; the default's where it has none of its own."""
    priors = _priors()
    return priors.get(detector, priors[""])


def last_of(feedback: Iterable[Feedback]) -> dict[str, Feedback]:
    """Return the last feedback of each episode."""
    return {given.episode: given for given in sorted(feedback, key=lambda g: (g.given_at, g.outcome))}


def precisions(feedback: Iterable[Feedback]) -> Mapping[str, Precision]:
    """Return the precision of every detector of which an episode was looked at.

    The mean of a beta distribution: (prior * counts + confirmed) / (counts + looked at).
    """
    found: dict[str, list[bool]] = {}
    for given in last_of(feedback).values():
        found.setdefault(given.detector, []).append(given.outcome is Outcome.CONFIRMED)
    return {detector: _precision(detector, outcomes) for detector, outcomes in found.items()}


def precision_of(detector: str, known: Mapping[str, Precision]) -> Precision:
    """Return the precision of a detector, its prior where nothing was looked at."""
    return known.get(detector) or _precision(detector, [])


def _precision(detector: str, outcomes: list[bool]) -> Precision:
    prior, confirmed = prior_of(detector), sum(outcomes)
    value = (prior.precision * prior.counts + confirmed) / (prior.counts + len(outcomes))
    return Precision(value=value, confirmed=confirmed, looked_at=len(outcomes), prior=prior)


@cache
def _priors() -> Mapping[str, Prior]:
    text = files("detectors").joinpath("data", "precisions.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    return {"": Prior(**tables["default"])} | {n: Prior(**row) for n, row in tables["detector"].items()}
