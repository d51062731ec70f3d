"""Estimates are fitted between register reads; what was measured stays."""

import numpy as np

from pipeline.vee_adjustment import adjust_to_registers
from tests.vee_windows import vee_window

NAN = float("nan")


def _fitted(
    kwh: list[float], letters: str, registered: list[float], edges: list[int]
) -> tuple[list[float], str]:
    marks = np.zeros((1, len(kwh) + 1), dtype=np.bool_)
    marks[0, edges] = True
    window = vee_window(kwh, registered=np.array([registered]), register_edges=marks)
    amounts, quality = window.kwh.copy(), np.array([list(letters)])
    adjust_to_registers(window, amounts, quality, np.full(quality.shape, "x", dtype="U32"))
    return np.round(amounts[0], 6).tolist(), "".join(quality[0])


def test_only_substituted_slots_change_and_all_add_up_exactly() -> None:
    assert _fitted([1.0, 1.0, 2.0, 1.0], "ASSA", [2.0] * 4, [0, 4]) == ([1.0, 2.0, 4.0, 1.0], "AEEA")


def test_each_stretch_between_two_reads_stands_for_itself() -> None:
    assert _fitted([1.0, 1.0, 1.0, 1.0], "ASAS", [1.5, 1.5, 3.0, 3.0], [0, 2, 4]) == (
        [1.0, 2.0, 1.0, 5.0],
        "AEAE",
    )


def test_nothing_changes_outside_of_two_reads_or_where_a_slot_or_the_register_is_missing() -> None:
    assert _fitted([1.0, 1.0], "AS", [3.0, 3.0], [0])[1] == "AS"
    assert _fitted([NAN, 1.0], "NS", [3.0, 3.0], [0, 2])[1] == "NS"
    assert _fitted([1.0, 1.0], "AS", [3.0, NAN], [0, 2])[1] == "AS"


def test_nothing_changes_where_the_measured_alone_are_more_than_the_register_grew() -> None:
    assert _fitted([9.0, 1.0], "AS", [1.0, 1.0], [0, 2]) == ([9.0, 1.0], "AS")
