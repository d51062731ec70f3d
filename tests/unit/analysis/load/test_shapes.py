from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest

from analysis.load.shape_features import ShapeFeatures, shape_features
from analysis.load.shapes import (
    UNKNOWN,
    Condition,
    Shape,
    ShapeClasses,
    shape_classes,
    shape_numbers,
    shape_scores,
)
from pipeline.templates import Template

CLASSES = shape_classes()
WEEKDAY = np.arange(28) % 7


def _class_of(kw_at: Callable[[int, int], float], fed_at: Callable[[int], float] = lambda _hour: 0.0) -> str:
    """Return the class of four weeks that a function of weekday and hour makes."""
    drawn = np.array([[[kw_at(day % 7, hour) for hour in range(24)] for day in range(28)]])
    fed = np.array([[[fed_at(hour) for hour in range(24)] for _ in range(28)]])
    scores = shape_scores(shape_features(drawn, fed, WEEKDAY), CLASSES)
    return CLASSES.shapes[int(shape_numbers(scores, CLASSES)[0])].id


@pytest.mark.parametrize(
    ("shape", "kw_at"),
    [
        ("vacant", lambda _day, _hour: 0.002),
        ("street_lighting", lambda _day, hour: 1.0 if hour < 6 or hour >= 18 else 0.0),
        ("night_heating", lambda _day, hour: 6.0 if hour < 6 else 0.6),
        ("holiday_home", lambda day, _hour: 2.0 if day >= 5 else 0.2),
        ("continuous", lambda _day, _hour: 500.0),
        ("three_shifts", lambda day, _hour: 500.0 if day < 5 else 50.0),
        ("two_shifts", lambda day, hour: 300.0 if day < 5 and 6 <= hour < 22 else 20.0),
        ("office", lambda day, hour: 80.0 if day < 5 and 8 <= hour < 18 else 8.0),
        ("bakery", lambda day, hour: 20.0 if day < 6 and 4 <= hour < 13 else 3.0),
        ("shop", lambda day, hour: 20.0 if day < 6 and 9 <= hour < 20 else 8.0),
        ("restaurant", lambda _day, hour: 30.0 if 10 <= hour < 23 else 5.0),
        ("home", lambda _day, hour: 1.5 if 6 <= hour < 9 or 17 <= hour < 22 else 0.4),
        ("mixed", lambda _day, hour: 4.0 if 5 <= hour < 12 else 0.5),
    ],
)
def test_a_curve_is_named_in_words(shape: str, kw_at: Callable[[int, int], float]) -> None:
    assert _class_of(kw_at) == shape


def test_who_feeds_back_by_day_generates() -> None:
    assert (
        _class_of(
            lambda _day, hour: 0.0 if 10 <= hour < 15 else 0.5, lambda hour: 1.0 if 10 <= hour < 15 else 0.0
        )
        == "generation"
    )


def test_what_draws_more_the_colder_it_is_heats() -> None:
    cold = np.linspace(-10.0, 10.0, 28)
    hours = np.repeat((20.0 - cold)[:, None], 24, axis=1)[None]
    scores = shape_scores(shape_features(hours, np.zeros_like(hours), WEEKDAY, cold), CLASSES)
    assert CLASSES.shapes[int(shape_numbers(scores, CLASSES)[0])].id == "heat_pump"


def test_every_class_has_both_names_and_known_features() -> None:
    known = {entry.name for entry in fields(ShapeFeatures)}
    assert len({shape.id for shape in CLASSES.shapes}) == len(CLASSES.shapes)
    for shape in CLASSES.shapes:
        assert shape.name.en
        assert shape.name.zh
        assert {condition.feature for condition in shape.conditions} <= known
        assert all((c.at_least is None) != (c.at_most is None) for c in shape.conditions)
    assert CLASSES.shapes[-1].conditions == []
    assert CLASSES.confirmed is False


def _toy(margin: float) -> ShapeClasses:
    flat = Condition(feature="lowest", at_least=0.8, soft=0.4)
    peaky = Condition(feature="lowest", at_most=0.6, soft=0.4)
    shapes = [
        Shape(id=name, name=Template(en=name, zh=name), conditions=conditions)
        for name, conditions in (("flat", [flat]), ("peaky", [peaky]), ("mixed", []))
    ]
    return ShapeClasses(shapes=shapes, least_score=0.5, keep_margin=margin, confirmed=False)


def _lowest(*values: float) -> ShapeFeatures:
    ones = np.ones(len(values))
    every = ShapeFeatures(**{entry.name: ones for entry in fields(ShapeFeatures)})
    return replace(every, lowest=np.array(values), kwh_a_day=np.where(np.isnan(values), np.nan, 1.0))


def test_a_score_falls_off_softly_and_the_last_class_takes_what_no_other_fits() -> None:
    scores = shape_scores(_lowest(0.8, 0.72, 0.4, np.nan), _toy(0.3))
    np.testing.assert_allclose(scores[:3], [[1.0, 0.5, 0.5], [0.8, 0.7, 0.5], [0.0, 1.0, 0.5]])
    assert shape_numbers(scores, _toy(0.3)).tolist() == [0, 0, 1, UNKNOWN]


def test_a_class_stays_until_another_fits_clearly_better() -> None:
    scores = shape_scores(_lowest(0.65, 0.6, 0.4, np.nan), _toy(0.6))
    before = np.array([0, 0, 0, 0])
    # Flat fits 0.625 and peaky 0.875; 0.5 and 1; 0 and 1: only the last one is clearly another.
    assert shape_numbers(scores, _toy(0.6), before).tolist() == [0, 0, 1, UNKNOWN]
    assert shape_numbers(scores, _toy(0.2), before).tolist() == [1, 1, 1, UNKNOWN]
    assert shape_numbers(scores, _toy(0.6), np.full(4, UNKNOWN)).tolist() == [1, 1, 1, UNKNOWN]
