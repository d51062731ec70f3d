"""Distortion indices against closed forms."""

from math import sqrt

import numpy as np
import pytest

from analysis.harmonic_indices import (
    distortion_percent,
    fundamental,
    k_range,
    rating_share,
)
from analysis.waveform.indices import k_factor

ORDERS = np.arange(2, 51)


def k_of(content: np.ndarray) -> float:
    return float(k_factor(np.insert(content, 0, 100.0), 50))


def spectrum(**percent: float) -> np.ndarray:
    """Return % of the fundamental, orders 2 to 50, from ``h5=20.0`` and the like."""
    content = np.zeros(len(ORDERS))
    for name, value in percent.items():
        content[int(name[1:]) - 2] = value
    return content


def test_ten_percent_of_order_5() -> None:
    """Case T1."""
    assert distortion_percent(spectrum(h5=10.0)) == pytest.approx(10.0, rel=1e-6)


def test_10_20_and_20_percent_are_30() -> None:
    """Case T2."""
    assert distortion_percent(spectrum(h3=10.0, h5=20.0, h7=20.0)) == pytest.approx(30.0, rel=1e-12)


def test_the_square_wave_to_order_39() -> None:
    """Case T3."""
    square = spectrum(**{f"h{h}": 100.0 / h for h in range(3, 40, 2)})
    assert distortion_percent(square) == pytest.approx(47.032239, rel=1e-6)


@pytest.mark.parametrize(("step", "thd", "k"), [(6, 30.015291, 15.595017), (12, 14.173198, 8.822769)])
def test_ideal_converters_to_order_50(step: int, thd: float, k: float) -> None:
    """Cases T4 and T4b."""
    ideal = spectrum(**{f"h{h}": 100.0 / h for h in range(2, 51) if h % step in {1, step - 1}})
    assert distortion_percent(ideal) == pytest.approx(thd, rel=1e-6)
    assert k_of(ideal) == pytest.approx(k, rel=1e-6)


def test_20_percent_of_order_5_and_14_of_order_7() -> None:
    """Case T5."""
    content = spectrum(h5=20.0, h7=14.0)
    thd = distortion_percent(content)
    assert thd == pytest.approx(24.413111, rel=1e-6)
    assert k_of(content) == pytest.approx(2.793884, rel=1e-6)


def test_the_fundamental_and_the_distortion_make_the_rms_value() -> None:
    rms, thd = np.array([221.097264, 50.0]), np.array([10.0, 0.0])
    assert fundamental(rms, thd) == pytest.approx([220.0, 50.0], rel=1e-6)


def test_many_readings_at_once_are_the_same_as_one_by_one() -> None:
    many = np.stack([spectrum(h5=20.0, h7=14.0), spectrum(h3=80.0), spectrum()])
    for index in (distortion_percent, lambda c: rating_share(c, ORDERS)):
        assert index(many) == pytest.approx([float(index(one)) for one in many])


def test_the_k_factor_of_30_percent_to_order_25_lies_between_1_25_and_52_5() -> None:
    """From the total alone K is not known (1.25 is printed for 1.2477)."""
    found = k_range(30.0, 25)
    assert found.lowest == pytest.approx(1.36 / 1.09, rel=1e-12)
    assert found.highest == pytest.approx(52.522936, rel=1e-6)
    assert found.six_pulse == pytest.approx(8.75, abs=0.005)


@pytest.mark.parametrize("thd", [0.0, 5.0, 30.0, 120.0])
@pytest.mark.parametrize("highest", [3, 5, 21, 50])
def test_the_range_of_k_holds_every_spectrum_of_that_total(thd: float, highest: int) -> None:
    found = k_range(thd, highest)
    for order in range(2, highest + 1):
        k = k_of(spectrum(**{f"h{order}": thd}))
        assert found.lowest - 1e-9 <= k <= found.highest + 1e-9
    assert found.lowest - 1e-9 <= found.six_pulse <= found.highest + 1e-9


def test_a_sine_has_k_1_and_leaves_a_transformer_its_rating() -> None:
    assert k_of(spectrum()) == 1.0
    assert rating_share(spectrum(), ORDERS) == 1.0


def test_a_transformer_with_order_5_of_30_percent_by_hand() -> None:
    by_hand = 1.0 / sqrt(1.0 + 0.1 / 1.1 * 5.0**1.7 * 0.09 / 1.09)
    assert rating_share(spectrum(h5=30.0), ORDERS) == pytest.approx(by_hand, rel=1e-12)
    assert rating_share(spectrum(h5=30.0), ORDERS, eddy_share=0.3) < by_hand
