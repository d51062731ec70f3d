"""Since when a loss is higher: dated to the day, with its energy, and never for load alone."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.area_curves import AreaCurves
from analysis.loss_rise import Rise, RiseNumbers, loss_rise

DAYS, SLOTS = 40, 24


def _curves(stolen_kwh: np.ndarray, load: np.ndarray | None = None, seed: int = 2) -> AreaCurves:
    """Return days of an area that loses 0.2 kWh and 0.002 E2 an hour, with noise, and what is stolen."""
    random = np.random.default_rng(seed)
    shape = np.sin(np.linspace(0.0, np.pi, SLOTS)) + 0.5
    factor = np.ones(DAYS) if load is None else load
    supplied = 20.0 * shape * factor[:, None] * random.uniform(0.9, 1.1, (DAYS, SLOTS))
    lost = (0.2 + 0.002 * supplied**2) * random.normal(1.0, 0.05, (DAYS, 1)) + stolen_kwh[:, None] / SLOTS
    return AreaCurves(
        members=(),
        is_whole=np.array([], np.bool_),
        metered_kwh=np.empty((0, DAYS, SLOTS)),
        supplied_kwh=supplied,
        lost_kwh=lost,
        slots_of_day=np.full(DAYS, float(SLOTS)),
    )


def _rise(curves: AreaCurves, numbers: RiseNumbers | None = None) -> Rise | None:
    return loss_rise(curves.lost_kwh.sum(axis=1), curves.supplied_kwh.sum(axis=1), curves, numbers)


def test_a_theft_is_dated_to_its_first_day_with_its_energy() -> None:
    stolen = np.zeros(DAYS)
    stolen[24:] = 6.0
    found = _rise(_curves(stolen))
    assert found is not None
    assert found.first == 24
    assert found.kwh_a_day == pytest.approx(6.0, rel=0.1)
    curves = _curves(stolen)
    share = 100 * found.kwh_a_day / float(curves.supplied_kwh[24:].sum(axis=1).mean())
    assert found.points == pytest.approx(share)


@pytest.mark.parametrize("seed", range(8))
def test_an_honest_area_has_no_rise_however_its_load_grows(seed: int) -> None:
    assert _rise(_curves(np.zeros(DAYS), seed=seed)) is None
    assert _rise(_curves(np.zeros(DAYS), np.linspace(0.7, 1.5, DAYS), seed)) is None


def test_a_single_day_is_no_rise_and_neither_is_one_too_small_or_too_short() -> None:
    one = np.zeros(DAYS)
    one[-4] = 80.0
    assert _rise(_curves(one)) is None
    late = np.zeros(DAYS)
    late[-2:] = 20.0
    assert _rise(_curves(late)) is None
    late[-3:] = 20.0
    assert _rise(_curves(late)) is not None
    stolen = np.where(np.arange(DAYS) < 24, 0.0, 6.0)
    assert _rise(_curves(stolen), RiseNumbers(least_points=5.0)) is None


def test_unknown_days_are_left_out_and_too_few_say_nothing() -> None:
    stolen = np.zeros(DAYS)
    stolen[24:] = 6.0
    curves = _curves(stolen)
    loss, injected = curves.lost_kwh.sum(axis=1), curves.supplied_kwh.sum(axis=1)
    loss[[3, 9, 24, 30]] = np.nan
    found = loss_rise(loss, injected, curves)
    assert found is not None
    assert found.first == 25
    loss[:16] = np.nan
    assert loss_rise(loss, injected, curves) is None


def test_a_loss_that_falls_with_the_load_is_fitted_with_one_part_alone() -> None:
    curves = _curves(np.zeros(DAYS))
    falling = np.maximum(3.0 - 0.05 * curves.supplied_kwh, 0.1)
    loss = falling.sum(axis=1)
    loss[30:] += 30.0
    bent = AreaCurves(
        members=(),
        is_whole=curves.is_whole,
        metered_kwh=curves.metered_kwh,
        supplied_kwh=curves.supplied_kwh,
        lost_kwh=falling,
        slots_of_day=curves.slots_of_day,
    )
    found = loss_rise(loss, curves.supplied_kwh.sum(axis=1), bent)
    assert found is not None
    assert found.first == 30
