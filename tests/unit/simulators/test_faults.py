from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from pipeline.model import MeterId
from simulators.faults import (
    Deed,
    Idling,
    PlantedFault,
    Window,
    max_demand_kw,
    truths,
    voltage_events,
    with_idling,
    with_load,
)
from simulators.loads import LoadCurve

START = datetime(2024, 6, 2, 16, tzinfo=UTC)
DAY = Window(starts_at=START, ends_at=START + timedelta(days=1))
BUSY = LoadCurve.of(START, 5, np.linspace(100, 200, 288), np.linspace(50, 100, 288))


def fault(*windows: Window, deed: Deed = Deed.LOAD, **keys: Any) -> PlantedFault:  # Any: its keys
    return PlantedFault(meter=MeterId("M1"), service_point="SP-M1", deed=deed, windows=windows, **keys)


def night(hours: float = 3, after: float = 2) -> Window:
    start = START + timedelta(hours=after)
    return Window(starts_at=start, ends_at=start + timedelta(hours=hours))


def test_an_honest_customer_in_full_suspension_draws_only_its_auxiliaries() -> None:
    idle = with_idling(BUSY, Idling(window=DAY, idle_kw=0.3))
    assert set(idle.active_kw) == {0.3}


def test_an_honest_customer_in_partial_suspension_keeps_its_shape_below_what_is_left() -> None:
    running = with_idling(BUSY, Idling(window=DAY, running_kva=120))
    apparent = np.hypot(running.active_kw, running.reactive_kvar)
    assert apparent.max() == pytest.approx(120)
    np.testing.assert_allclose(running.active_kw / BUSY.active_kw, running.active_kw[0] / BUSY.active_kw[0])


def test_the_label_of_a_load_is_measured_on_the_curve() -> None:
    planted = fault(night(), kw=80, why="at night")
    curve = with_load(with_idling(BUSY, Idling(window=DAY, idle_kw=0.3)), planted)
    (label,) = truths(planted, curve, START + timedelta(days=2))
    assert label.detector == "suspended_load"
    assert label.max_kw == 80
    assert label.energy_kwh == pytest.approx(240)
    assert (label.starts_at, label.ends_at) == (night().starts_at, night().ends_at)
    assert curve.power_kw(night().starts_at - timedelta(seconds=1)) == 0.3
    assert curve.power_kw(night().ends_at) == 0.3


def test_a_fault_that_goes_on_has_no_end_and_counts_up_to_now() -> None:
    planted = fault(night(), kw=80)
    (label,) = truths(planted, with_load(BUSY, planted), night().starts_at + timedelta(hours=1))
    assert label.ends_at is None
    assert label.energy_kwh == pytest.approx(80)


def test_a_fault_that_lies_ahead_has_no_label() -> None:
    assert truths(fault(night(), kw=80), BUSY, START) == []


def test_voltage_faults_change_the_supply_and_not_the_load() -> None:
    low = fault(night(), night(after=9), deed=Deed.VOLTAGE, factor=0.84)
    assert with_load(BUSY, low) is BUSY
    assert [(e.starts_at, e.factor) for e in voltage_events([low, fault(night(), kw=1)])] == [
        (night().starts_at, 0.84),
        (night(after=9).starts_at, 0.84),
    ]
    assert {label.detector for label in truths(low, BUSY, START + timedelta(days=2))} == {"voltage_deviation"}


def test_maximum_demand_is_a_mean_over_a_quarter_of_an_hour() -> None:
    spike = LoadCurve.of(START, 5, [0.0, 60.0, 0.0, 9.0, 9.0, 9.0])
    assert max_demand_kw(spike, Window(starts_at=START, ends_at=START + timedelta(minutes=30))) == 20.0
