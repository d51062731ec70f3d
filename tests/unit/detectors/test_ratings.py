"""Elements and ratings of meters by their wiring."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detectors.ratings import THREE_PHASE, element_quantities, ratings
from pipeline.block import MeterMatrix
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Installation, Meter, Ratio, Registry, Wiring
from storage.matrices import hung_factors, ratio_factors, register_steps, unless_constant
from tests.fix_planted import planted
from tests.fix_windows import grid, window

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


LINE = Meter(
    id=MeterId("m"),
    wiring=Wiring.THREE_PHASE_THREE_WIRE,
    rated_voltage_v=100.0,
    nominal_voltage_v=10_000.0,
    rated_current_a=1.5,
)
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
FITTED = BEGIN + timedelta(hours=6, minutes=7)


def _line(ratio: Ratio, *placed: Installation) -> tuple[MeterMatrix, Registry]:
    """A day of the meter of a 10 kV line, with steps and ratios as storage gives them."""
    registry = Registry(meters=[LINE], installations=placed, ratios=[ratio])
    slots = grid(BEGIN, 1)
    factors = ratio_factors(registry, [LINE.id], slots, frozenset({"primary"}))
    factors = hung_factors(registry, [LINE.id], slots, factors)
    steps = register_steps(registry, [LINE.id], factors)
    case = replace(window(slots, {"m": 1.0}), step_kwh=steps, ratios=unless_constant(factors))
    return case, registry


@pytest.mark.parametrize("since", [None, FITTED])
@pytest.mark.parametrize(
    ("profile", "volts", "amps", "ratio"), [("primary", 10_000.0, 60.0, 1.0), ("", 100.0, 1.5, 4000.0)]
)
def test_a_meter_fitted_within_the_window_is_rated_as_where_it_hangs(
    profile: str, volts: float, amps: float, ratio: float, since: datetime | None
) -> None:
    case, registry = _line(
        Ratio(meter=LINE.id, ct=40.0, pt=100.0, starts_at=since),
        Installation(meter=LINE.id, service_point="P", profile=profile, starts_at=FITTED),
    )
    rated = ratings(case, registry)
    assert (rated.nominal_v.tolist(), rated.rated_a.tolist()) == ([volts], [amps])
    assert rated.ratio.tolist() == [[ratio]]


def test_a_meter_taken_off_within_the_window_is_rated_as_where_it_hung() -> None:
    case, registry = _line(
        Ratio(meter=LINE.id, ct=40.0, pt=100.0, ends_at=FITTED),
        Installation(meter=LINE.id, service_point="P", ends_at=FITTED),
    )
    rated = ratings(case, registry)
    assert (rated.nominal_v.tolist(), rated.ratio.tolist()) == ([100.0], [[4000.0]])


def test_a_ratio_that_changes_is_told_slot_by_slot() -> None:
    case, registry = _line(
        Ratio(meter=LINE.id, ct=40.0, pt=100.0, starts_at=BEGIN + timedelta(hours=1)),
        Installation(meter=LINE.id, service_point="P"),
    )
    rated = ratings(case, registry)
    assert rated.ratio.shape == (1, 96)
    assert rated.ratio_in(0, slice(2, 6)).tolist() == [1.0, 1.0, 4000.0, 4000.0]
    assert (rated.ratio_at(0, 3), rated.ratio_at(0, 4)) == (1.0, 4000.0)
