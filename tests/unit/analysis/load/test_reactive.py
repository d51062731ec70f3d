import numpy as np
import pytest

from analysis.load.reactive import span_power_factor
from pipeline.contracts import Contract

NAN = np.nan


def test_leading_energy_counts_like_lagging() -> None:
    # 300 kWh with 200 kvarh lagging and 25 leading: 300 / sqrt(300^2 + 225^2) = 300 / 375 = 0.80.
    contract = Contract(service_point="P", category="large industry", capacity_kva=400.0)
    found = span_power_factor(
        np.array([100.0, 200.0]), np.array([120.0, 80.0]), np.array([0.0, 25.0]), contract
    )
    assert found is not None
    assert (found.kwh, found.lagging_kvarh, found.leading_kvarh) == (300.0, 200.0, 25.0)
    assert found.power_factor == 0.8
    assert found.standard == 0.9
    assert found.adjustment_percent == 5.0  # ten hundredths below 0.90 at 0.5 %
    assert found.coverage == 1.0


def test_only_slots_with_both_energies_count() -> None:
    found = span_power_factor(np.array([100.0, 500.0, NAN]), np.array([75.0, NAN, 10.0]), None, None)
    assert found is not None
    assert found.power_factor == 0.8
    assert found.coverage == pytest.approx(1 / 3)
    assert (found.standard, found.adjustment_percent) == (None, None)


def test_without_reactive_energy_there_is_no_power_factor() -> None:
    assert span_power_factor(np.ones(3), None, None, None) is None
    assert span_power_factor(np.ones(3), np.full(3, NAN), None, None) is None
