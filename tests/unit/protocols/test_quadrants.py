"""Reactive energy by direction: QI + QII and QIII + QIV, or nothing."""

from pipeline.quantities import Quantity
from protocols.quadrants import summed, sums_of

Q = Quantity


def test_import_is_the_first_two_quadrants_and_export_the_others() -> None:
    values = {
        Q.REACTIVE_ENERGY_Q1: 1.1,
        Q.REACTIVE_ENERGY_Q2: 2.2,
        Q.REACTIVE_ENERGY_Q3: 0.0,
        Q.REACTIVE_ENERGY_Q4: 4.0,
    }
    assert summed(values) == {Q.REACTIVE_ENERGY_IMPORT: 3.3, Q.REACTIVE_ENERGY_EXPORT: 4.0}


def test_a_missing_quadrant_is_not_zero() -> None:
    assert summed({Q.REACTIVE_ENERGY_Q1: 1.0, Q.REACTIVE_ENERGY_Q4: 1.0}) == {}


def test_what_a_meter_tells_itself_is_not_summed() -> None:
    told = {Q.REACTIVE_ENERGY_IMPORT: 9.0, Q.REACTIVE_ENERGY_Q1: 1.0, Q.REACTIVE_ENERGY_Q2: 2.0}
    assert summed(told) == {}
    assert sums_of(told) == frozenset()
