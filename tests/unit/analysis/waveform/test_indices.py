"""THD, TDD and K-factor against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.waveform import indices, spectrum
from tests.unit.analysis.waveform.signals import U_V, times_s, wave

EXACT = 1e-6


def orders(shares: dict[int, float], highest: int = 50) -> NDArray[np.float64]:
    found = np.zeros(highest)
    found[0] = 1.0
    for order, share in shares.items():
        found[order - 1] = share
    return found


def pulses(number: int, highest: int) -> dict[int, float]:
    """An ideal rectifier: orders k * number +- 1, each 1/h."""
    return {h: 1.0 / h for h in range(2, highest + 1) if h % number in (1, number - 1)}


def measured(shares: dict[int, float]) -> NDArray[np.floating]:
    """The same through sampling and the subgroups."""
    window = wave(times_s(0.2), {float(order): share for order, share in shares.items()})
    return spectrum.subgroups(spectrum.lines(window, 50, 10).powers(), 50, 10)


def test_one_harmonic_of_ten_percent() -> None:
    found = measured({5: 0.1})
    assert indices.thd_f(found, 40) * 100.0 == pytest.approx(10.0, rel=EXACT)
    assert indices.thd_r(found, 40) * 100.0 == pytest.approx(9.950372, rel=EXACT)
    assert np.sqrt(np.square(found).sum()) == pytest.approx(221.097264, rel=EXACT)


def test_three_harmonics_add_by_their_squares() -> None:
    found = measured({3: 0.1, 5: 0.2, 7: 0.2})
    assert indices.thd_f(found, 40) * 100.0 == pytest.approx(30.0, rel=EXACT)


def test_a_square_wave_up_to_order_39() -> None:
    shares = {h: 1.0 / h for h in range(3, 40, 2)}
    found = measured(shares)
    assert indices.thd_f(found, 40) * 100.0 == pytest.approx(47.032239, rel=EXACT)
    # A square wave of height 1 has a fundamental of 4 / pi at its peak.
    height = U_V * np.sqrt(2.0) / (4.0 / np.pi)
    assert found[0] == pytest.approx(height * 4.0 / (np.pi * np.sqrt(2.0)), rel=EXACT)


@pytest.mark.parametrize(
    ("number", "highest", "thd_percent", "k"),
    [(6, 40, 29.679432, None), (6, 50, 30.015291, 15.595017), (12, 50, 14.173198, 8.822769)],
)
def test_rectifiers(number: int, highest: int, thd_percent: float, k: float | None) -> None:
    found = measured(pulses(number, 50))
    assert indices.thd_f(found, highest) * 100.0 == pytest.approx(thd_percent, rel=EXACT)
    if k is not None:
        assert indices.k_factor(found, highest) == pytest.approx(k, rel=EXACT)


def test_demand_distortion_is_against_the_demand_current() -> None:
    amperes = 60.0 * orders({5: 0.2, 7: 0.14})
    assert indices.thd_f(amperes, 40) * 100.0 == pytest.approx(24.413111, rel=EXACT)
    assert indices.tdd(amperes, 40, 100.0) * 100.0 == pytest.approx(14.647867, rel=EXACT)
    assert indices.k_factor(amperes, 40) == pytest.approx(2.793884, rel=EXACT)


def test_thd_r_follows_from_thd_f() -> None:
    found = orders({3: 0.31, 9: 0.2})
    f = indices.thd_f(found, 50)
    assert indices.thd_r(found, 50) == pytest.approx(f / np.sqrt(1.0 + f**2), rel=1e-12)


def test_orders_above_the_range_do_not_count() -> None:
    assert indices.thd_f(orders({41: 0.1}), 40) == 0.0
    assert indices.thd_f(orders({41: 0.1}), 50) == pytest.approx(0.1)


def test_nothing_has_no_distortion() -> None:
    assert np.isnan(indices.thd_f(np.zeros(50), 40))
    assert np.isnan(indices.k_factor(np.zeros((3, 50)), 40)).all()
