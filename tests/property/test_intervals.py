"""Interval arithmetic keeps its promise for any register history."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.intervals import IntervalCounts, RegisterReadings, SlotGrid, interval_counts

START = np.datetime64("2026-01-01T00:00", "us")
GRID = SlotGrid(starts_at=START, minutes=15, slots=24)
SCALE = 100_000


@st.composite
def registers(
    draw: st.DrawFn,
) -> tuple[NDArray[np.datetime64], NDArray[np.int64], NDArray[np.int64]]:
    """Readings of any times and values: growing, falling, doubled, in any order."""
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(-3600, 25 * 900 + 3600),
                st.one_of(st.integers(0, 300), st.integers(0, SCALE - 1)),
                st.integers(0, 5),
            ),
            max_size=40,
        )
    )
    times = np.array([START + np.timedelta64(s, "s") for s, _, _ in rows], dtype="datetime64[us]")
    return times, np.array([c for _, c, _ in rows], np.int64), np.array([r for _, _, r in rows], np.int64)


def _intervals(
    times: NDArray[np.datetime64], counts: NDArray[np.int64], rank: NDArray[np.int64]
) -> IntervalCounts:
    readings = RegisterReadings(taken_at=times, counts=counts, rank=rank)
    return interval_counts(readings, GRID, scale=SCALE)


@given(registers())
@settings(max_examples=300, deadline=None)
def test_no_interval_is_negative_and_each_is_valid_or_missing(
    readings: tuple[NDArray[np.datetime64], NDArray[np.int64], NDArray[np.int64]],
) -> None:
    found = _intervals(*readings)
    assert (found.counts >= 0).all()
    assert ((found.quality == "N") == ~found.valid).all()
    assert ((found.segment >= 0) == found.valid).all()


@given(registers(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_arrival_changes_nothing(
    readings: tuple[NDArray[np.datetime64], NDArray[np.int64], NDArray[np.int64]], random: object
) -> None:
    times, counts, rank = readings
    keys = list({(t, r): i for i, (t, r) in enumerate(zip(times, rank, strict=True))}.values())
    once = np.array(sorted(keys), dtype=np.intp)
    mixed = once.copy()
    random.shuffle(mixed)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    first = _intervals(times[once], counts[once], rank[once])
    second = _intervals(times[mixed], counts[mixed], rank[mixed])
    assert (first.counts == second.counts).all()
    assert (first.quality == second.quality).all()


@given(
    st.lists(st.integers(0, 5000), min_size=25, max_size=25),
    st.integers(0, SCALE - 1),
    st.sets(st.integers(0, 24), max_size=20),
)
@settings(max_examples=200, deadline=None)
def test_intervals_add_up_to_last_minus_first_through_gaps_and_roll_over(
    growth: list[int], first: int, missing: set[int]
) -> None:
    true = first + np.cumsum([0, *growth[1:]])
    kept = np.array([k for k in range(25) if k not in missing], dtype=np.int64)
    times = GRID.edges[kept]
    readings = RegisterReadings(taken_at=times, counts=true[kept] % SCALE, rank=np.zeros(len(kept), np.int64))
    found = interval_counts(readings, GRID, scale=SCALE, fastest=4 * 5000.0)
    for number in np.unique(found.segment[found.valid]):
        slots = np.flatnonzero(found.segment == number)
        assert slots[0] in kept
        assert slots[-1] + 1 in kept
        assert (np.diff(slots) == 1).all()
        assert found.counts[slots].sum() == true[slots[-1] + 1] - true[slots[0]]


@given(st.integers(0, 10_000), st.integers(1, 23))
def test_a_gap_is_spread_to_within_one_count(total: int, slots: int) -> None:
    times = GRID.edges[[0, slots]]
    readings = RegisterReadings(taken_at=times, counts=np.array([5, 5 + total]), rank=np.zeros(2, np.int64))
    found = interval_counts(readings, GRID)
    spread = found.counts[:slots]
    assert spread.sum() == total
    assert spread.max() - spread.min() <= 1
    assert (found.quality[:slots] == ("A" if slots == 1 else "E")).all()
    assert (found.quality[slots:] == "N").all()
