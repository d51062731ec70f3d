"""Injected thefts are what the literature calls them, in digits that a register has."""

import numpy as np
import pytest

from simulators.theft_attacks import ATTACKS, LESS_ENERGY, attacked

STEP = 0.01


@pytest.fixture
def homes() -> np.ndarray:
    return np.round(np.random.default_rng(8).gamma(2.0, 0.1, (5, 49, 96)) + 0.02, 2)


def _attacked(kind: str, homes: np.ndarray, seed: int = 1) -> np.ndarray:
    return attacked(kind, homes[:, :28], homes[:, 28:], np.random.default_rng(seed))


@pytest.mark.parametrize("kind", ATTACKS)
def test_it_is_whole_register_steps_never_negative_and_the_same_for_a_seed(
    kind: str, homes: np.ndarray
) -> None:
    shown = _attacked(kind, homes)
    assert shown.shape == (5, 21, 96)
    assert (shown >= 0.0).all()
    assert shown / STEP == pytest.approx(np.rint(shown / STEP), abs=1e-6)
    assert (shown == _attacked(kind, homes)).all()
    honest = homes[:, 28:].sum(axis=(1, 2))
    took = 1.0 - shown.sum(axis=(1, 2)) / honest
    assert (took > 0.005).all() if kind in LESS_ENERGY else took == pytest.approx(0.0, abs=1e-3)


def test_one_factor_holds_for_all_slots_of_a_home(homes: np.ndarray) -> None:
    factor = _attacked("h1", homes).sum(axis=2) / homes[:, 28:].sum(axis=2)
    assert np.ptp(factor, axis=1).max() < 0.01
    assert ((factor > 0.09) & (factor < 0.81)).all()


def test_a_cap_cuts_only_what_is_above_it(homes: np.ndarray) -> None:
    shown, honest = _attacked("h2", homes), homes[:, 28:]
    cap = shown.max(axis=(1, 2), keepdims=True)
    assert shown == pytest.approx(np.minimum(honest, cap), abs=1.01 * STEP)


def test_hours_of_nothing_are_the_same_every_day(homes: np.ndarray) -> None:
    dark = (_attacked("h4", homes) == 0.0).all(axis=1)
    assert ((dark.sum(axis=1) >= 16) & (dark.sum(axis=1) <= 48)).all()


def test_a_day_read_backwards_keeps_its_energy(homes: np.ndarray) -> None:
    assert _attacked("h8", homes) == pytest.approx(homes[:, 28:, ::-1], abs=1e-9)


def test_an_unknown_attack_is_refused(homes: np.ndarray) -> None:
    with pytest.raises(KeyError):
        _attacked("h9", homes)
