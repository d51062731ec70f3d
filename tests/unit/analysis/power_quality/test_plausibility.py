"""Readings that cannot be measured values."""

import numpy as np
import pytest

from analysis.power_quality.plausibility import in_long_runs, plausibility_blocks
from pipeline.quantities import Quantity
from tests.quality_months import month, wavering

Q = Quantity

N = 100


def keys(values: dict[Q, np.ndarray]) -> dict[str, dict[Q, int]]:
    found: dict[str, dict[Q, int]] = {}
    for block in plausibility_blocks(month(values)):
        found.setdefault(block.reason.key, {})[block.quantity] = int(block.mask.sum())
    return found


def test_measured_values_are_sound() -> None:
    assert keys({Q.VOLTAGE_A: wavering(220, N), Q.VOLTAGE_B: wavering(221, N, seed=1)}) == {}


@pytest.mark.parametrize(
    ("quantity", "value", "is_bad"),
    [
        (Q.VOLTAGE_THD_A, 100.01, True),
        (Q.VOLTAGE_THD_A, -0.01, True),
        (Q.CURRENT_THD_A, 130.0, False),
        (Q.POWER_FACTOR, 1.02, True),
        (Q.FREQUENCY, 0.0, True),
    ],
)
def test_a_value_that_nothing_can_have_is_blocked(quantity: Q, value: float, is_bad: bool) -> None:  # noqa: FBT001 - a case
    column = wavering(2.0 if "thd" in quantity else 0.9 if "factor" in quantity else 50.0, N, 0.05)
    column[7] = value
    assert keys({quantity: column}) == ({"out_of_range": {quantity: 1}} if is_bad else {})


def test_an_order_over_100_percent_blocks_its_spectrum_and_the_fundamental_does_not() -> None:
    orders = np.full((3, 6), 100.0)
    orders[:, 2:] = 1.0
    orders[2, 5] = 100.5
    found = list(plausibility_blocks(month(spectra={Q.CURRENT_HARMONIC_A: orders})))
    assert [(b.reason.key, b.mask.tolist()) for b in found] == [("out_of_range", [False, False, True])]


def test_a_register_that_is_always_zero_is_absent() -> None:
    assert keys({Q.VOLTAGE_THD_A: np.zeros(N)}) == {"only_zeros": {Q.VOLTAGE_THD_A: N}}


def test_repeated_readings_are_blocked_but_for_the_first() -> None:
    volts = [wavering(220, N, seed=seed) for seed in range(3)]
    for column in volts:
        column[20:30] = column[20]
    found = keys(dict(zip((Q.VOLTAGE_A, Q.VOLTAGE_B, Q.VOLTAGE_C), volts, strict=True)))
    assert found == {"repeated": {Q.VOLTAGE_A: 9, Q.VOLTAGE_B: 9, Q.VOLTAGE_C: 9}}


def test_seven_equal_readings_or_one_live_phase_are_no_proof() -> None:
    first, second = wavering(220, N), wavering(220, N, seed=1)
    first[20:27] = second[20:27] = 220.0
    second[60:90] = 220.0
    assert keys({Q.VOLTAGE_A: first, Q.VOLTAGE_B: second}) == {}


def test_no_supply_repeats_its_zeros() -> None:
    assert keys({Q.VOLTAGE_A: np.zeros(N), Q.VOLTAGE_B: np.zeros(N)}) == {}


def test_missing_readings_are_no_repeats() -> None:
    assert keys({Q.VOLTAGE_A: np.full(N, np.nan), Q.VOLTAGE_B: np.full(N, np.nan)}) == {}


def test_long_runs_are_found_at_both_ends() -> None:
    mask = np.array([1, 1, 0, 1, 0, 0, 1, 1, 1], dtype=bool)
    assert in_long_runs(mask, 2).tolist() == [True, True, False, False, False, False, True, True, True]
    assert in_long_runs(mask[:0], 2).tolist() == []
