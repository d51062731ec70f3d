"""The load shape (负荷特性) of one subject over a span: its class in words, how well it fits, and by what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.forecast.days_off import usual_days_off
from analysis.load.hours import hour_table, kinds_of_days
from analysis.load.shape_features import ShapeFeatures, shape_features
from analysis.load.shapes import UNKNOWN, ShapeClasses, shape_numbers, shape_scores
from pipeline.block import Times
from pipeline.tariff import Tariff

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadShape:
    """The class that a curve looks like; not what a customer is."""

    shape: str
    en: str
    zh: str
    score: float
    """0 to 1."""
    next_shape: str
    """The class that fits second best, and how well."""
    next_score: float
    coverage: float
    """Whole days over all days of the span."""
    features: Mapping[str, float | None]
    """What the class was chosen by, see :mod:`analysis.load.shape_features`."""


def load_shape(  # noqa: PLR0913 - a curve and what its days are told by
    net_kwh: Floats,
    starts_at: Times,
    minutes: int,
    zone: ZoneInfo,
    classes: ShapeClasses,
    *,
    tariff: Tariff | None = None,
    temperatures: Mapping[date, float] | None = None,
    before: str | None = None,
) -> LoadShape | None:
    """Return the class of a curve; None where fewer than two whole weeks or so are known.

    ``before`` is the class of the last month: it stays unless another one fits clearly better.
    """
    days, drawn = hour_table(np.maximum(net_kwh, 0.0), starts_at, minutes, zone)
    _, fed = hour_table(np.maximum(-net_kwh, 0.0), starts_at, minutes, zone)
    mean_c = None if not temperatures else np.array([temperatures.get(day, np.nan) for day in days])
    features = shape_features(
        drawn[None], fed[None], kinds_of_days(days, tariff, usual_days_off(zone)), mean_c
    )
    scores = shape_scores(features, classes)
    had = classes.number_of(before) if before in {shape.id for shape in classes.shapes} else UNKNOWN
    number = int(shape_numbers(scores, classes, np.array([had]))[0])
    if number < 0:
        return None
    ranked = np.argsort(-scores[0], kind="stable")
    second = int(ranked[ranked != number][0])
    shape = classes.shapes[number]
    return LoadShape(
        shape=shape.id,
        en=shape.name.en,
        zh=shape.name.zh,
        score=float(scores[0, number]),
        next_shape=classes.shapes[second].id,
        next_score=float(scores[0, second]),
        coverage=float(np.isfinite(drawn).all(axis=1).mean()),
        features=features_of(features, 0),
    )


def features_of(features: ShapeFeatures, customer: int) -> dict[str, float | None]:
    """Return the features of one customer by name; None for what is not known."""
    values = {entry.name: float(getattr(features, entry.name)[customer]) for entry in fields(features)}
    return {name: value if np.isfinite(value) else None for name, value in values.items()}
