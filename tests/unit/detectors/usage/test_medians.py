import numpy as np

from detectors.usage.medians import median_known, spread_known


def test_the_median_of_what_is_known() -> None:
    values = np.array(
        [[3.0, np.nan, 1.0, 2.0], [4.0, 1.0, 2.0, 3.0], [np.nan] * 4, [5.0, np.nan, np.nan, np.nan]]
    )
    np.testing.assert_array_equal(median_known(values), [2.0, 2.5, np.nan, 5.0])


def test_the_spread_is_a_standard_deviation_of_normal_values() -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, (2, 100_000))
    np.testing.assert_allclose(spread_known(values, np.array([3.0, 3.0])), 2.0, rtol=0.02)
