"""However long a curve is and wherever it has holes, thinning keeps the extremes of every stretch of it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dashboard.curves import Curves, thin

VALUES = st.floats(-1e6, 1e6, width=32) | st.just(float("nan"))


@given(arrays.arrays(np.float64, st.integers(1, 400), elements=VALUES), st.integers(2, 60))
def test_every_bucket_keeps_its_smallest_and_largest_value(column: np.ndarray, most: int) -> None:
    curves = Curves(seconds=np.arange(len(column), dtype=np.float64), columns={"a": column})
    thinned = thin(curves, most)
    kept = thinned.columns["a"]
    assert len(thinned) <= max(most, 2) + 2 or len(thinned) == len(column)
    assert (np.diff(thinned.seconds) >= 0).all()
    if len(thinned) == len(column):
        np.testing.assert_array_equal(kept, column)
        return
    width = -(-len(column) // (most // 2))
    for n in range(len(kept) // 2):
        bucket, pair = column[n * width : (n + 1) * width], kept[2 * n : 2 * n + 2]
        there = bucket[~np.isnan(bucket)]
        if len(there):
            assert np.nanmin(pair) == there.min()
            assert np.nanmax(pair) == there.max()
        else:
            assert np.isnan(pair).all()
