"""However long a curve is and wherever it has holes, thinning keeps each stretch's extremes, and holes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dashboard.curves import Curves, break_gaps, thin

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


@given(
    st.integers(600, 1500),
    st.lists(st.tuples(st.integers(0, 599), st.integers(10_000, 1_000_000)), max_size=9),
    st.integers(100, 400),
)
def test_nothing_is_drawn_across_a_hole(n: int, outages: list[tuple[int, int]], most: int) -> None:
    steps = np.full(n, 60.0)
    for place, length_s in outages:
        steps[place] = length_s
    broken = break_gaps(Curves(seconds=np.cumsum(steps), columns={"a": np.ones(n)}), 150.0)
    thinned = thin(broken, most)
    assert len(thinned) <= most + 2
    is_hole = np.isnan(broken.columns["a"])
    known = ~np.isnan(thinned.columns["a"])
    drawn = np.flatnonzero(known[1:] & known[:-1])
    for hole in broken.seconds[is_hole]:
        assert not ((thinned.seconds[drawn] < hole) & (hole < thinned.seconds[drawn + 1])).any()
