"""Classes of load shape (负荷特性类别) with names in words, as data, and which of them features fit."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from analysis.load.shape_features import ShapeFeatures
from pipeline.templates import Template, templates_of

Floats = NDArray[np.float64]
UNKNOWN = -1
"""Number of the class of a customer whose features are not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A feature and the level that it must reach or stay below."""

    feature: str
    at_least: float | None = None
    at_most: float | None = None
    soft: float
    """So far from the level the condition holds no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One class; its score is that of the condition that holds least."""

    id: str
    name: Template
    conditions: Sequence[Condition]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeClasses:
    """All classes, in the order in which equal scores are decided; the last one fits what no other does."""

    shapes: Sequence[Shape]
    least_score: float
    """Below it a class does not fit."""
    keep_margin: float
    """By so much another class must fit better than the last month's before it takes its place."""
    confirmed: bool

    def number_of(self, shape: str) -> int:
        """Return the number of a class."""
        return [known.id for known in self.shapes].index(shape)


@cache
def shape_classes() -> ShapeClasses:
    """Return the classes of ``analysis/data/load_shapes.toml``."""
    table = tomllib.loads(files("analysis").joinpath("data", "load_shapes.toml").read_text(encoding="utf-8"))
    names = templates_of("load_shapes.toml")
    return ShapeClasses(
        shapes=[
            Shape(
                id=entry["id"],
                name=names[entry["id"]],
                conditions=[Condition(**condition) for condition in entry["conditions"]],
            )
            for entry in table["shape"]
        ],
        least_score=table["least_score"],
        keep_margin=table["keep_margin"],
        confirmed=table["confirmed"],
    )


def shape_scores(features: ShapeFeatures, classes: ShapeClasses) -> Floats:
    """Return how well each class fits each customer, 0 to 1: shape (customers, classes).

    The last class fits to the least score, so that it wins where no other does. A customer of unknown
    features has NaN throughout.
    """
    known: NDArray[np.bool_] = np.asarray(np.isfinite(features.kwh_a_day))
    scores = np.full((len(known), len(classes.shapes)), classes.least_score)
    for place, shape in enumerate(classes.shapes[:-1]):
        held = [_held(getattr(features, condition.feature), condition) for condition in shape.conditions]
        # What is not known of a customer who draws nothing, such as levels, holds not.
        scores[:, place] = np.nan_to_num(np.min(held, axis=0))
    return np.where(known[:, None], scores, np.nan)


def shape_numbers(
    scores: Floats, classes: ShapeClasses, before: NDArray[np.integer] | None = None
) -> NDArray[np.int64]:
    """Return the number of the class of each customer, ``UNKNOWN`` where its features are not known.

    ``before`` is the class of the last time: as long as it fits in part it stays, unless another one fits
    clearly better.
    """
    known = np.isfinite(scores).sum(axis=1) == scores.shape[1]
    filled = np.where(known[:, None], scores, 0.0)
    best = filled.argmax(axis=1)
    if before is not None:
        rows = np.arange(len(best))
        had = np.where(before == UNKNOWN, best, before)
        stays = (filled[rows, best] - filled[rows, had] < classes.keep_margin) & (filled[rows, had] > 0)
        best = np.where(stays, had, best)
    return np.where(known, best, UNKNOWN)


def _held(value: Floats, condition: Condition) -> Floats:
    """Return how far a condition holds: 1 at its level and beyond, 0 at ``soft`` before it."""
    over = np.full(len(value), np.inf)
    if condition.at_least is not None:
        over = (value - condition.at_least) / condition.soft
    elif condition.at_most is not None:
        over = (condition.at_most - value) / condition.soft
    held: Floats = np.clip(1.0 + over, 0.0, 1.0)
    return held
