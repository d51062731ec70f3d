"""The steps in which values are shown, told by the values."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.metering.shown_steps import shown_steps

RANDOM = np.random.default_rng(5)


@pytest.mark.parametrize(
    ("step", "lowest", "highest"),
    [(0.2, 0.0, 30.0), (0.01, 228.0, 253.0), (0.002, 0.1, 9.0), (40.0, 0.0, 8000.0)],
)
def test_a_step_is_told_in_single_precision_with_gaps(step: float, lowest: float, highest: float) -> None:
    values = np.floor(RANDOM.uniform(lowest, highest, (1, 3000)) / step) * step
    values[0, ::7] = np.nan
    assert shown_steps(values.astype(np.float32)) == pytest.approx([step], rel=1e-4)


def test_numbers_by_hand_each_row_by_itself() -> None:
    tenths = np.arange(12) * 0.1
    thirds = np.concatenate([np.arange(11) * 0.3, [0.4]])
    assert shown_steps(np.array([tenths, thirds])) == pytest.approx([0.1, 0.0])


def test_what_varies_freely_or_hardly_at_all_is_shown_in_no_known_steps() -> None:
    free = RANDOM.uniform(0.0, 30.0, 500)
    two_loads = np.where(np.arange(500) % 3 == 0, 10.0, 20.0)
    constant, missing = np.full(500, 3.0), np.full(500, np.nan)
    assert shown_steps(np.array([free, two_loads, constant, missing])).tolist() == [0.0] * 4


def test_no_rows_and_no_slots_have_no_steps() -> None:
    assert shown_steps(np.zeros((0, 5))).tolist() == []
    assert shown_steps(np.zeros((2, 1))).tolist() == [0.0, 0.0]
