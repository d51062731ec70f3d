from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detectors.hysteresis import Stretch
from detectors.metering.power_energy import (
    day_basic_kw,
    day_ratios,
    ratio_changes,
    shown_kw,
    slot_energies,
    stretch_kwh,
)
from detectors.ratings import ratings
from pipeline.block import MeterMatrix
from pipeline.daily_reduction import daily_rows
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Installation, Meter, Ratio, Registry, Wiring
from tests.fix_windows import SHANGHAI, grid, window

BEGIN = datetime(2026, 1, 1, 16, tzinfo=UTC)
M = MeterId("m")
NAN = float("nan")


def _window(kw: list[float]) -> MeterMatrix:
    return window(grid(BEGIN, len(kw) / 96), {"m": [0.5] * len(kw)}, power_kw={"m": kw})


def _registry(wiring: Wiring = Wiring.ONE_PHASE, rated_v: float = 220.0) -> Registry:
    meter = Meter(id=M, wiring=wiring, rated_voltage_v=rated_v, nominal_voltage_v=rated_v)
    return Registry(meters=[meter])


def test_a_slot_lies_between_the_powers_at_its_ends() -> None:
    case = _window([4.0, 2.0, NAN, 8.0])
    energies = slot_energies(case, ratings(case, _registry()))
    np.testing.assert_allclose(energies.shown_kwh(), [[0.75, NAN, NAN, NAN]])
    np.testing.assert_allclose(energies.least_kwh(), [[0.5, NAN, NAN, NAN]])
    np.testing.assert_allclose(energies.most_kwh(), [[1.0, NAN, NAN, NAN]])


def test_what_flows_back_is_no_import() -> None:
    case = _window([-4.0, -4.0])
    assert slot_energies(case, ratings(case, _registry())).shown_kwh()[0, 0] == 0.0


def test_a_power_that_was_not_read_lies_between_those_that_were() -> None:
    case = _window([4.0, 2.0, NAN, 8.0, 8.0])
    energies = slot_energies(case, ratings(case, _registry()))
    stretch = Stretch(row=0, first=0, end=4, is_open=False, known_end=5)
    # 4, 2, 5, 8, 8 kW at the ends: 3 + 3.5 + 6.5 + 8 kW, a quarter of an hour each.
    assert stretch_kwh(energies, stretch) == pytest.approx((2.0, 5.25))


@pytest.mark.parametrize(
    ("wiring", "volts", "kw"),
    [
        (Wiring.ONE_PHASE, 220.0, 220 * 5 * 0.9 / 1000),
        (Wiring.THREE_PHASE_FOUR_WIRE, 57.7, 3 * 57.7 * 5 * 0.9 / 1000),
        (Wiring.THREE_PHASE_THREE_WIRE, 100.0, 3**0.5 * 100 * 5 * 0.9 / 1000),
    ],
)
def test_voltage_current_and_power_factor_stand_in_for_power(wiring: Wiring, volts: float, kw: float) -> None:
    shape = (1, 2)
    values = {
        **{Quantity(f"voltage_{p}"): np.full(shape, volts, np.float32) for p in ("a", "b", "c", "ab", "bc")},
        **{Quantity(f"current_{p}"): np.full(shape, 5.0, np.float32) for p in "abc"},
        Quantity.POWER_FACTOR: np.full(shape, 0.9, np.float32),
    }
    case = replace(_window([NAN, NAN]), values=values, step_kwh=np.array([0.4]))
    energies = slot_energies(case, ratings(case, _registry(wiring, volts)))
    assert energies.power_kw[0, 0] == pytest.approx(40.0 * kw, rel=1e-5)


def test_the_basic_power_follows_from_wiring_voltage_and_current() -> None:
    case = _window([1.0])
    rated = ratings(case, _registry(Wiring.THREE_PHASE_FOUR_WIRE, 57.7))
    assert shown_kw(rated, rated.rated_a)[0] == pytest.approx(3 * 57.7 * 5 / 1000)


def test_only_changes_of_the_ratio_within_the_window_count() -> None:
    case = _window([1.0] * 8)
    at = BEGIN + timedelta(hours=1)
    ratios = [Ratio(meter=M, ends_at=at), Ratio(meter=M, ct=5.0, starts_at=at), Ratio(meter=MeterId("x"))]
    assert ratio_changes(case, replace(_registry(), ratios=ratios)) == {0: [at]}
    assert ratio_changes(case, replace(_registry(), ratios=[Ratio(meter=M, starts_at=BEGIN)])) == {}


def test_a_meter_measured_nothing_by_any_ratio_before_it_was_fitted_and_after_it_was_taken_off() -> None:
    case = _window([1.0] * 12)
    fitted, changed, off = (BEGIN + timedelta(hours=hour) for hour in (0.5, 1, 2))
    registry = replace(
        _registry(),
        installations=[Installation(meter=M, service_point="P", starts_at=fitted, ends_at=off)],
        ratios=[
            Ratio(meter=M, ct=40.0, starts_at=fitted, ends_at=changed),
            Ratio(meter=M, ct=60.0, starts_at=changed, ends_at=off),
        ],
    )
    assert ratio_changes(case, registry) == {0: [changed]}


def test_a_day_has_its_greatest_ratio() -> None:
    ratios = np.where(np.arange(3 * 96) < 96 + 40, 40.0, 160.0)[None]
    case = replace(_window([1.0] * (3 * 96)), ratios=ratios)
    rated = ratings(case, _registry())
    daily = daily_rows(case, [SHANGHAI])
    assert day_ratios(case, daily, rated).tolist() == [[40.0, 160.0, 160.0]]
    power = day_basic_kw(case, daily, rated, rated.rated_a)
    np.testing.assert_allclose(power, [[40 * 1.1, 160 * 1.1, 160 * 1.1]])


def test_a_power_of_voltage_and_current_is_multiplied_by_the_ratio_of_its_slot() -> None:
    values = {
        quantity: np.full((1, 2), number, np.float32)
        for quantity, number in (
            (Quantity.VOLTAGE_A, 220.0),
            (Quantity.CURRENT_A, 5.0),
            (Quantity.POWER_FACTOR, 1.0),
        )
    }
    case = replace(_window([NAN, NAN]), values=values, ratios=np.array([[40.0, 160.0]]))
    energies = slot_energies(case, ratings(case, _registry()))
    np.testing.assert_allclose(energies.power_kw, [[40 * 1.1, 160 * 1.1]])
