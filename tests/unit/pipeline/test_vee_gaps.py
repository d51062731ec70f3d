"""A gap is of one reason, and ends where readings tell the register."""

import numpy as np

from pipeline.vee_gaps import gaps
from tests.vee_windows import vee_window


def _gaps(reasons: list[str], off: list[int], known: list[int] | None = None) -> list[tuple[int, int]]:
    size = len(reasons)
    edges, dark = np.zeros((1, size + 1), dtype=np.bool_), np.zeros((1, size), dtype=np.bool_)
    edges[0, known or []] = True
    dark[0, off] = True
    window = vee_window([1.0] * size, known_edges=None if known is None else edges)
    found = gaps(window, np.array([reasons]), dark)
    assert found.row.tolist() == [0] * len(found.row)
    return list(zip(found.first.tolist(), found.end.tolist(), strict=True))


def test_gaps_are_the_stretches_that_want_an_estimate() -> None:
    assert _gaps(["missing", "", "missing", "missing"], []) == [(0, 1), (2, 4)]
    assert _gaps(["", ""], []) == []


def test_a_gap_is_of_one_reason_and_what_is_missing_of_one_supply() -> None:
    assert _gaps(["missing", "missing", "spread", "spread"], [1, 3]) == [(0, 1), (1, 2), (2, 4)]


def test_a_gap_of_known_sum_ends_where_the_register_is_known_and_a_missing_one_does_not() -> None:
    known = [0, 2, 4, 6]
    assert _gaps(["spread"] * 3 + ["missing"] * 3, [], known) == [(0, 2), (2, 3), (3, 6)]


def test_the_rows_of_several_meters_are_gaps_of_their_own() -> None:
    reasons = np.array([["", "spread"], ["spread", "spread"]])
    found = gaps(vee_window(np.ones((2, 2))), reasons, np.zeros((2, 2), dtype=np.bool_))
    assert (found.row.tolist(), found.first.tolist(), found.end.tolist()) == ([0, 1], [1, 0], [2, 2])
