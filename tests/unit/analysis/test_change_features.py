"""Each feature grows with its own sort of change."""

from collections.abc import Callable

import numpy as np
import pytest

from analysis.change_features import FEATURES, changes
from analysis.habits import habits

DAYS, SLOTS = 21, 96


@pytest.fixture(scope="module")
def homes() -> np.ndarray:
    """Six homes with a low night, an uneven day and a high evening: shape (homes, days, slots)."""
    random = np.random.default_rng(11)
    clock = np.full(SLOTS, 0.05)
    clock[28:] = 0.15
    clock[68:88] = 0.4
    kwh = clock * random.gamma(4.0, 0.25, (6, 2 * DAYS, SLOTS)) + 0.02
    rounded: np.ndarray = np.round(kwh, 2)
    return rounded


def _no_base(kwh: np.ndarray) -> np.ndarray:
    return np.maximum(kwh - 0.03, 0.0)


def _capped(kwh: np.ndarray) -> np.ndarray:
    capped: np.ndarray = np.minimum(kwh, 0.25)
    return capped


def _dark_evening(kwh: np.ndarray) -> np.ndarray:
    dark = kwh.copy()
    dark[:, :, 68:88] = 0.0
    return dark


def _flat(kwh: np.ndarray) -> np.ndarray:
    return np.broadcast_to(kwh.mean(axis=(1, 2), keepdims=True), kwh.shape)


@pytest.mark.parametrize(
    ("feature", "change"),
    [
        ("level", lambda kwh: kwh * 0.5),
        ("middle", lambda kwh: kwh * 0.5),
        ("high_days", lambda kwh: kwh * 0.5),
        ("base", _no_base),
        ("peak", _capped),
        ("cap", _capped),
        ("zero_hours", _dark_evening),
        ("evenness", _flat),
        ("roughness", _flat),
        ("profile", _flat),
        ("mirrored", lambda kwh: kwh[:, :, ::-1]),
    ],
)
def test_it_grows_with_its_change(
    homes: np.ndarray, feature: str, change: Callable[[np.ndarray], np.ndarray]
) -> None:
    before = habits(homes[:, :DAYS])
    honest = changes(before, habits(homes[:, DAYS:]))[feature]
    changed = changes(before, habits(change(homes[:, DAYS:])))[feature]
    assert (changed > honest + FEATURES[feature].least).all()


def test_half_of_everything_is_a_fall_of_ln_two(homes: np.ndarray) -> None:
    half = changes(habits(homes * 100.0), habits(homes * 50.0))
    for feature in ("level", "base", "middle", "peak", "high_days"):
        assert half[feature] == pytest.approx(np.log(2.0), abs=0.01)
    for feature in ("evenness", "roughness", "zero_hours"):
        assert half[feature] == pytest.approx(0.0, abs=0.01)


def test_an_absence_of_some_days_leaves_the_high_days(homes: np.ndarray) -> None:
    away = homes[:, DAYS:].copy()
    away[:, :7] = 0.02
    found = changes(habits(homes[:, :DAYS]), habits(away))
    assert (found["level"] > 0.2).all()
    assert (found["high_days"] < 0.1).all()


def test_what_is_not_known_is_missing(homes: np.ndarray) -> None:
    gone = homes[:, DAYS:].copy()
    gone[2] = np.nan
    found = changes(habits(homes[:, :DAYS]), habits(gone))
    assert all(
        np.isnan(column).tolist() == [False, False, True, False, False, False] for column in found.values()
    )
