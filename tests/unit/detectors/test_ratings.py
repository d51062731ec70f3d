"""Elements and ratings of meters by their wiring."""

from __future__ import annotations

import pytest

from detectors.ratings import THREE_PHASE, element_quantities, ratings
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from tests.fix_planted import planted

Q = Quantity


def test_each_quantity_of_the_elements_is_named_once() -> None:
    assert element_quantities(THREE_PHASE, "voltage") == (
        Q.VOLTAGE_A,
        Q.VOLTAGE_B,
        Q.VOLTAGE_C,
        Q.VOLTAGE_AB,
        Q.VOLTAGE_BC,
    )
    assert element_quantities(THREE_PHASE, "current") == (Q.CURRENT_A, Q.CURRENT_B, Q.CURRENT_C)


@pytest.mark.parametrize("wiring", Wiring)
def test_a_meter_is_of_its_own_wiring_alone(wiring: Wiring) -> None:
    case = planted(None, wiring=wiring)
    rated = ratings(case.window, case.registry)
    assert [other for other in Wiring if rated.are_of(other)[0, 0]] == [wiring]
    assert rated.rows_of(wiring).tolist() == [0]
