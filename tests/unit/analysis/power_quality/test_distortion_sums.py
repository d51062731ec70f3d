"""THD against its orders: case T27 and the rounding bound."""

from datetime import timedelta

import numpy as np
import pytest

from analysis.power_quality.distortion_sums import (
    distortion_blocks,
    residual,
    rounding_bound,
    total_of_rms,
)
from analysis.power_quality.point_month import PointMonth
from pipeline.quantities import Quantity
from pipeline.timegrid import to_numpy
from tests.quality_months import BEGIN, month

Q = Quantity

NAN = np.nan


def orders(*contents: float) -> np.ndarray:
    """One spectrum: order 0, the fundamental, then orders 2, 3, ..."""
    return np.array([[0.0, 100.0, *contents]])


def with_spectrum(thd: float, *contents: float, apart_s: float = 0.0) -> PointMonth:
    at = np.array([to_numpy(BEGIN + timedelta(seconds=apart_s))])
    return month(
        {Q.VOLTAGE_THD_A: np.array([thd])},
        spectra={Q.VOLTAGE_HARMONIC_A: orders(*contents)},
        spectrum_at=at,
        spectrum_period_s=900.0,
    )


def keys(given: PointMonth) -> list[tuple[str, Q]]:
    return [(block.reason.key, block.quantity) for block in distortion_blocks(given)]


def test_the_squares_of_3_and_4_percent_leave_nothing_of_5() -> None:
    """Case T27."""
    assert residual(np.array([5.0]), orders(NAN, 3.0, NAN, 4.0)) == pytest.approx(0.0, abs=1e-12)
    assert keys(with_spectrum(5.0, 0.0, 3.0, 0.0, 4.0)) == []


def test_a_thd_of_4_90_contradicts_3_and_4_percent() -> None:
    """Case T27: R^2 = 24.01 - 25 < 0."""
    assert residual(np.array([4.9]), orders(0.0, 3.0, 0.0, 4.0)) == pytest.approx(-0.99)
    found = keys(with_spectrum(4.9, 0.0, 3.0, 0.0, 4.0))
    assert found == [("thd_below_orders", Q.VOLTAGE_THD_A), ("thd_below_orders", Q.VOLTAGE_HARMONIC_A)]


def test_what_rounding_explains_is_no_contradiction() -> None:
    """q = 0.005: 2 q (5 + 3 + 4) + 3 q^2 = 0.120075; THD 4.99 leaves -0.0999, 4.98 leaves -0.1996."""
    bound = rounding_bound(np.array([5.0]), orders(NAN, 3.0, NAN, 4.0))
    assert bound == pytest.approx(0.120075)
    assert keys(with_spectrum(4.99, NAN, 3.0, NAN, 4.0)) == []
    assert len(keys(with_spectrum(4.98, NAN, 3.0, NAN, 4.0))) == 2


def test_thd_of_the_total_rms_is_known_by_its_size() -> None:
    """30 % of the fundamental is 28.7348 % of the rms; the orders themselves are sound."""
    assert total_of_rms(np.array([30.0])) == pytest.approx(28.734788, abs=1e-6)
    assert keys(with_spectrum(28.73, 0.0, 30.0)) == [("thd_of_total_rms", Q.VOLTAGE_THD_A)]


def test_t1_is_related_to_the_rms() -> None:
    """Case T1: 10 % of the fundamental is 9.950372 % of the rms."""
    assert total_of_rms(np.array([10.0])) == pytest.approx(9.950372, abs=1e-6)


def test_distortion_above_the_last_order_is_no_contradiction() -> None:
    assert keys(with_spectrum(8.0, 0.0, 3.0, 0.0, 4.0)) == []


def test_readings_of_different_instants_are_not_compared() -> None:
    assert keys(with_spectrum(4.0, 0.0, 3.0, 0.0, 4.0, apart_s=0.9)) != []
    assert keys(with_spectrum(4.0, 0.0, 3.0, 0.0, 4.0, apart_s=30.0)) == []


def test_a_missing_thd_is_not_compared() -> None:
    assert keys(with_spectrum(NAN, 0.0, 3.0)) == []


def test_no_spectra_give_nothing() -> None:
    assert keys(month({Q.VOLTAGE_THD_A: np.array([5.0])})) == []
