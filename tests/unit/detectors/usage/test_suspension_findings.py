from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from detectors.usage.suspended_load import SuspendedLoad
from pipeline.contracts import BasicCharge
from pipeline.quantities import Quantity
from tests.fix_windows import steel_kwh
from tests.unit.detectors.usage.suspended_plant import (
    REGISTRY,
    at,
    found,
    plant_window,
    suspended,
    with_nights,
)


def test_the_maximum_comes_from_measured_power_where_a_step_is_large() -> None:
    kwh = with_nights(suspended())
    power = kwh * 4 + np.where(kwh == 20.0, 3.0, 0.0)
    (episode,) = SuspendedLoad().detect(plant_window(kwh, step_kwh=2.0, power_kw={"m": power}), REGISTRY)
    maximum: Any = episode.evidence["maximum"]
    assert maximum["source"] == "measured power"
    assert maximum["kw"] == pytest.approx(83.0)
    assert maximum["step_kwh"] == 2.0
    assert maximum["step_share"] == pytest.approx(0.1)


def test_without_power_the_maximum_comes_from_the_measured_demand() -> None:
    kwh = with_nights(suspended())
    values = {Quantity.DEMAND_IMPORT: (kwh * 4)[None, :]}
    (episode,) = SuspendedLoad().detect(plant_window(kwh, step_kwh=2.0, values=values), REGISTRY)
    maximum: Any = episode.evidence["maximum"]
    assert maximum["source"] == "measured demand"


def test_the_penalty_basis_follows_the_contract() -> None:
    (episode,) = found(with_nights(suspended()))
    penalty: Any = episode.evidence["penalty"]
    assert penalty["basis"].startswith("two-part tariff")
    assert penalty["capacity_suspended_kva"] == 800.0
    assert penalty["days"] == 5
    single = replace(REGISTRY, contracts=(replace(REGISTRY.contracts[0], basic_charge=BasicCharge.NONE),))
    (episode,) = SuspendedLoad().detect(plant_window(with_nights(suspended())), single)
    penalty = episode.evidence["penalty"]
    assert "30 yuan per kW" in penalty["basis"]


def test_a_penalty_that_the_contract_does_not_tell_is_unknown_and_names_the_entry() -> None:
    (episode,) = SuspendedLoad().detect(
        plant_window(with_nights(suspended())), replace(REGISTRY, contracts=())
    )
    penalty: Any = episode.evidence["penalty"]
    assert penalty["basis"].startswith("unknown")
    assert penalty["wanted_entries"] == ["[[contract]] of service point P1: capacity_kva, basic_charge"]


def test_the_curve_shows_the_days_concerned() -> None:
    (episode,) = found(with_nights(suspended()))
    shown: Any = episode.evidence["curve"]
    assert shown["limit"] == 10.0
    assert len(shown["points"]) == 5 * 96 + 4 * 8


def test_a_long_curve_is_thinned_and_keeps_its_peak() -> None:
    (episode,) = found(steel_kwh(), starts_at=at(1), ends_at=None)
    shown: Any = episode.evidence["curve"]
    assert 1000 < len(shown["points"]) <= 2000
    assert shown["each_point"] == "highest slot"
    assert max(kw for _, kw in shown["points"]) == pytest.approx(steel_kwh().max() * 4)
