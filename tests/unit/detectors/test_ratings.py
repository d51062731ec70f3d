"""Elements and ratings of meters by their wiring."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
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


def test_what_nobody_filed_is_missing_and_not_the_usual_number() -> None:
    case = planted(None, ct=20.0)
    meter = case.registry.meters[0]
    bare, filed = (
        ratings(case.window, replace(case.registry, meters=[replace(meter, max_current_a=amps)]))
        for amps in (None, 6.0)
    )
    assert np.isnan(bare.max_a).tolist() == [True]
    assert bare.most_a.tolist() == [60.0]
    assert (filed.max_a.tolist(), filed.most_a.tolist()) == ([6.0], [6.0])


@pytest.mark.parametrize("wiring", Wiring)
def test_a_meter_is_of_its_own_wiring_alone(wiring: Wiring) -> None:
    case = planted(None, wiring=wiring)
    rated = ratings(case.window, case.registry)
    assert [other for other in Wiring if rated.are_of(other)[0, 0]] == [wiring]
    assert rated.rows_of(wiring).tolist() == [0]
