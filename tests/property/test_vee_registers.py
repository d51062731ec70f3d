"""Whatever is read and whenever one looks: finals keep to the registers, and stay once asking is over."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.intervals import RegisterBounds, RegisterReadings, counts_between, known_edges
from pipeline.vee import finalise, looks_back_days
from pipeline.vee_limits import LIMITS
from pipeline.vee_window import VeeWindow
from tests.vee_windows import START, vee_window

DAY = 24
"""Slots of an hour."""
LOOKED_AT = replace(LIMITS, reach_days=9)
BOUNDS = RegisterBounds()


@st.composite
def registers(draw: st.DrawFn, days: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return a register in counts at every hour, and at which hours it was read: gaps, freezes within."""
    slots = days * DAY
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    read = np.ones(slots + 1, dtype=np.bool_)
    for first in draw(st.lists(st.integers(0, slots - 1), max_size=9)):
        read[first : first + draw(st.sampled_from((2, 5, 30, 75)))] = False
    frozen = draw(st.sampled_from((0.0, 0.5, 1.0)))
    read[::DAY] |= rng.random(days + 1) < frozen
    grown = rng.integers(0, 60, slots) * (1 + 3 * (np.arange(slots) % DAY > 8))
    return np.concatenate([[0], np.cumsum(grown)]), read


def _window(counts: NDArray[np.int64], read: NDArray[np.bool_], first: int, end: int) -> VeeWindow:
    """Return what the slots from ``first`` to ``end`` look like when nothing was read yet behind ``end``."""
    read = read & (np.arange(len(read)) <= end)
    edges = START + np.arange(len(counts)) * np.timedelta64(60, "m")
    readings = RegisterReadings(
        taken_at=edges[read], counts=counts[read], rank=np.zeros(int(read.sum()), dtype=np.int64)
    )
    derived = counts_between(readings, edges, 60, BOUNDS)
    slots, size = slice(first, end), end - first
    off = np.zeros((1, size), dtype=np.bool_)
    off[0, max(0, 100 - first) : max(0, 103 - first)] = True
    return vee_window(
        np.where(derived.valid, derived.counts / 100, np.nan)[slots],
        minutes=60,
        start=edges[first],
        quality=derived.quality[None, slots],
        outage=off,
        limits={0: LOOKED_AT},
        known_edges=known_edges(readings, edges, 60, BOUNDS)[None, first : end + 1],
    )


@given(registers(days=12))
@settings(max_examples=100, deadline=None)
def test_finals_add_up_to_the_registers_between_any_two_reads(
    given: tuple[NDArray[np.int64], NDArray[np.bool_]],
) -> None:
    counts, read = given
    window = _window(counts, read, 0, len(counts) - 1)
    final = finalise(window)
    edges = np.flatnonzero(read)
    steps = np.rint(final.kwh[0] * 100)
    for first, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        assert steps[first:end].sum() == counts[end] - counts[first]


@given(registers(days=40), st.integers(0, 10), st.integers(0, 8))
@settings(max_examples=60, deadline=None)
def test_what_stands_in_for_a_gap_depends_on_no_window(
    given: tuple[NDArray[np.int64], NDArray[np.bool_]], days_later: int, less: int
) -> None:
    counts, read = given
    last = len(counts) - 1
    reach = looks_back_days(LOOKED_AT.reach_days) * DAY
    early, late = reach, reach + days_later * DAY + less
    seen = _finals(_window(counts, read, 0, last), early)
    later = _finals(_window(counts, read, late - reach, last), late)
    shared = ~later[1]
    assert not seen[1][late:][shared[late:]].any()
    np.testing.assert_array_equal(seen[0][shared], later[0][shared])


@given(registers(days=36))
@settings(max_examples=100, deadline=None)
def test_what_comes_after_the_days_of_asking_changes_nothing(
    given: tuple[NDArray[np.int64], NDArray[np.bool_]],
) -> None:
    counts, read = given
    last = len(counts) - 1
    early = looks_back_days(LOOKED_AT.reach_days) * DAY
    end = last - 8 * DAY
    after = _window(counts, read, 0, last)
    before = _window(counts, read, 0, end)
    asked = slice(early, end - (LIMITS.final_after_days + 1) * DAY)
    first, then = _finals(before, early)[0][asked], _finals(after, early)[0][asked]
    same = np.isfinite(first)
    same &= before.quality[0, asked] == after.quality[0, asked]
    same &= np.nan_to_num(before.kwh[0, asked]) == np.nan_to_num(after.kwh[0, asked])
    np.testing.assert_array_equal(first[same], then[same])


def _finals(window: VeeWindow, first: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the finals and what is left untouched, on the slots of the whole series."""
    offset = int((window.starts_at[0] - START) / np.timedelta64(60, "m"))
    final = finalise(window, since=START + np.timedelta64(first * 60, "m"))
    kwh = np.concatenate([np.full(offset, np.nan), final.kwh[0]])
    return kwh, np.concatenate([np.ones(offset, dtype=np.bool_), final.untouched[0]])
