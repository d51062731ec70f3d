"""Whatever is missing, spread or wrong: finals are the same every time, and what was measured stays."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.validation import validate
from pipeline.vee import NO_ENERGY, REASONS, finalise
from pipeline.vee_window import VeeWindow
from tests.vee_windows import vee_window

SLOTS = 4 * 24

slot = st.one_of(
    st.tuples(st.integers(0, 500), st.sampled_from("AAAE")),
    st.tuples(st.integers(-50, -1), st.just("A")),
    st.tuples(st.none(), st.just("N")),
)


@st.composite
def windows(draw: st.DrawFn) -> VeeWindow:
    """Four days of hours in steps of 0.01 kWh, with register reads at some edges."""
    slots = draw(st.lists(slot, min_size=SLOTS, max_size=SLOTS))
    kwh = np.array([np.nan if steps is None else steps / 100 for steps, _ in slots])
    grown = draw(st.lists(st.integers(0, 600), min_size=SLOTS, max_size=SLOTS))
    edges = draw(st.sets(st.integers(0, SLOTS), max_size=6))
    marks = np.zeros((1, SLOTS + 1), dtype=np.bool_)
    marks[0, sorted(edges)] = True
    return vee_window(
        kwh,
        minutes=60,
        quality=np.array([[letter for _, letter in slots]]),
        registered=np.array([grown]) / 100.0,
        register_edges=marks,
    )


@given(windows())
@settings(max_examples=60)
def test_the_same_window_gives_the_same_finals_and_findings(window: VeeWindow) -> None:
    first, again = finalise(window), finalise(window)
    np.testing.assert_array_equal(first.kwh, again.kwh)
    for name in ("quality", "method", "reason"):
        assert getattr(first, name).tolist() == getattr(again, name).tolist()
    assert validate(window) == validate(window)


@given(windows())
@settings(max_examples=60)
def test_what_was_measured_stays_and_nothing_final_is_below_zero(window: VeeWindow) -> None:
    final = finalise(window)
    stands = final.reason == ""
    np.testing.assert_array_equal(final.kwh[stands], window.kwh[stands])
    assert not (final.kwh[np.isfinite(final.kwh)] < 0).any()
    assert set(final.reason.ravel().tolist()) <= set(REASONS)
    unknown = np.isnan(final.kwh)
    assert set(final.quality[unknown].tolist()) <= {"N"}
    no_answer = np.isin(final.reason, sorted(NO_ENERGY)) & (final.method == "")
    assert np.isnan(final.kwh[no_answer]).all()


@given(windows())
@settings(max_examples=60)
def test_a_gap_of_known_sum_keeps_it_to_the_step(window: VeeWindow) -> None:
    final = finalise(window)
    spread = final.reason[0] == "spread"
    edges = np.flatnonzero(np.diff(np.concatenate([[False], spread, [False]]).astype(np.int8)))
    for first, last in edges.reshape(-1, 2).tolist():
        before, after = window.kwh[0, first:last].sum(), final.kwh[0, first:last].sum()
        assert round(before * 100) == round(after * 100)
