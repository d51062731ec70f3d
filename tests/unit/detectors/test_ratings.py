"""Elements and ratings of meters by their wiring."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detectors.ratings import THREE_PHASE, element_quantities, ratings
from pipeline.quantities import Quantity
from pipeline.registry import Ratio, Wiring
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


@pytest.mark.parametrize("filed_v", [100.0, 10_000.0])
def test_primary_volts_are_held_to_the_band_of_the_line(filed_v: float) -> None:
    """GB/T 12325-2008 4.2: 10 kV +-7 % are 9 300 to 10 700 V; steps without a ratio tell of primaries."""
    case = planted(None, wiring=Wiring.THREE_PHASE_THREE_WIRE)
    meter = replace(case.registry.meters[0], rated_voltage_v=100.0, nominal_voltage_v=filed_v)
    registry = replace(case.registry, meters=[meter], ratios=[Ratio(meter=meter.id, ct=40.0, pt=100.0)])
    window = replace(case.window, step_kwh=np.array([meter.resolution]))
    rated = ratings(window, registry)
    (found,) = rated.bands
    assert found is not None
    assert (found[0].low_v, found[0].high_v) == pytest.approx((9_300.0, 10_700.0))
    assert rated.nominal_v.tolist() == [10_000.0]
