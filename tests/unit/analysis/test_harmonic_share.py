"""The customer's share of a harmonic voltage, against made-up networks whose share is known."""

import numpy as np
import pytest

from analysis.harmonic_share import own_share

DAYS = 30
N = 96 * DAYS
BLOCKS = np.arange(N) // 96


def network(background: float, impedance: float, *, noise: float = 0.02, seed: int = 1) -> tuple:
    """Return voltage, current and the true share: a load that works by day, angles unknown."""
    random = np.random.default_rng(seed)
    works = (np.arange(N) % 96 >= 32) & (np.arange(N) % 96 < 72)
    amperes = np.where(works, 20.0, 2.0) * random.uniform(0.8, 1.2, N)
    levels = background * random.uniform(0.9, 1.1, DAYS)[BLOCKS]
    squares = levels**2 + (impedance * amperes) ** 2
    share = float(np.mean((impedance * amperes) ** 2) / np.mean(squares))
    return np.sqrt(squares) * random.uniform(1 - noise, 1 + noise, N), amperes, share


@pytest.mark.parametrize(
    ("background", "impedance"), [(0.2, 0.1), (1.5, 0.02), (1.0, 0.05), (1.0, 0.0), (0.0, 0.1)]
)
def test_the_true_share_lies_in_the_interval(background: float, impedance: float) -> None:
    voltage, amperes, share = network(background, impedance)
    found = own_share(voltage, amperes, BLOCKS, seed=1)
    assert found is not None
    assert found.low - 0.01 <= share <= found.high + 0.01
    assert found.share == pytest.approx(share, abs=0.05)
    assert found.background_percent == pytest.approx(background, abs=0.15)
    assert found.slope == pytest.approx(impedance**2, abs=2e-4)


def test_an_exact_line_is_found_exactly() -> None:
    amperes = np.linspace(1.0, 30.0, N)
    found = own_share(np.sqrt(0.25 + 0.01 * amperes**2), amperes, BLOCKS, seed=1)
    assert found is not None
    assert found.slope == pytest.approx(0.01, rel=1e-9)
    assert found.background_percent == pytest.approx(0.5, rel=1e-9)
    assert found.low <= found.share <= found.high


def test_units_of_the_current_do_not_matter_and_the_seed_makes_it_repeatable() -> None:
    voltage, amperes, _ = network(1.0, 0.05)
    here, there = (own_share(voltage, factor * amperes, BLOCKS, seed=7) for factor in (1.0, 1000.0))
    assert here is not None
    assert there is not None
    assert here == own_share(voltage, amperes, BLOCKS, seed=7)
    assert (there.share, there.low, there.high) == pytest.approx((here.share, here.low, here.high))


def test_missing_readings_are_left_out() -> None:
    voltage, amperes, share = network(1.0, 0.05)
    voltage[::7], amperes[::11] = np.nan, np.nan
    found = own_share(voltage, amperes, BLOCKS, seed=1)
    assert found is not None
    assert found.n == np.count_nonzero(np.isfinite(voltage) & np.isfinite(amperes))
    assert found.share == pytest.approx(share, abs=0.05)


@pytest.mark.parametrize("part", [slice(0, 58), slice(0, 96 * 6)])
def test_too_few_readings_or_days_tell_nothing(part: slice) -> None:
    voltage, amperes, _ = network(1.0, 0.05)
    assert own_share(voltage[part], amperes[part], BLOCKS[part], seed=1) is None


def test_a_current_that_never_changes_tells_nothing() -> None:
    voltage, _, _ = network(1.0, 0.05)
    assert own_share(voltage, np.full(N, 3.0), BLOCKS, seed=1) is None
    assert own_share(np.zeros(N), np.linspace(1, 2, N), BLOCKS, seed=1) is None
