"""What of a month must not be judged."""

import numpy as np
import pytest

from analysis.power_quality.consistency import consistency
from pipeline.quantities import Quantity
from tests.quality_months import month, wavering

Q = Quantity


def test_a_sound_column_is_handed_out_as_it_is() -> None:
    volts = wavering(220, 50)
    sound = consistency(month({Q.VOLTAGE_A: volts}))
    assert sound.sound(Q.VOLTAGE_A) is volts
    assert sound.reasons_for(Q) == ()


def test_an_absent_register_is_absent() -> None:
    assert consistency(month({Q.VOLTAGE_A: wavering(220, 50)})).sound(Q.VOLTAGE_THD_A) is None


def test_what_must_not_be_judged_is_missing_and_says_why() -> None:
    thd = wavering(2.0, 50)
    thd[3] = 120.0
    sound = consistency(month({Q.VOLTAGE_THD_A: thd}))
    column = sound.sound(Q.VOLTAGE_THD_A)
    assert column is not None
    assert np.flatnonzero(np.isnan(column)).tolist() == [3]
    (reason,) = sound.reasons_for([Q.VOLTAGE_THD_A])
    assert reason.key == "out_of_range"
    assert reason.parameters == {"quantity": "voltage_thd_a", "n": 1, "percent": 2.0}


def test_reasons_of_several_rules_add_up() -> None:
    """A THD of zeros stands beside orders that it cannot be the sum of."""
    thd, orders = np.zeros(40), np.full((40, 5), 2.0)
    orders[:, 3] = wavering(2.0, 40)
    times = month({Q.VOLTAGE_THD_A: thd}).taken_at
    sound = consistency(
        month({Q.VOLTAGE_THD_A: thd}, spectra={Q.VOLTAGE_HARMONIC_A: orders}, spectrum_at=times)
    )
    assert {r.key for r in sound.reasons_for([Q.VOLTAGE_THD_A])} == {"only_zeros", "thd_below_orders"}
    blocked = sound.sound(Q.VOLTAGE_HARMONIC_A)
    assert blocked is not None
    assert np.isnan(blocked).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_order_in_which_columns_stand_changes_nothing(seed: int) -> None:
    columns = {q: wavering(220, 60, seed=n) for n, q in enumerate((Q.VOLTAGE_A, Q.VOLTAGE_B, Q.CURRENT_A))}
    for column in columns.values():
        column[10:25] = column[10]
    shuffled = np.random.default_rng(seed).permutation(list(columns)).tolist()
    other = {Q(name): columns[Q(name)] for name in shuffled}
    first, second = consistency(month(columns)), consistency(month(other))
    assert {q: m.tolist() for q, m in first.masks.items()} == {q: m.tolist() for q, m in second.masks.items()}


def test_one_month_is_looked_at_once_and_another_for_itself() -> None:
    first, second = (month({Q.VOLTAGE_A: wavering(220, 50, seed=seed)}) for seed in range(2))
    assert consistency(first) is consistency(first)
    assert consistency(second).month is second
    assert consistency(first).month is first
