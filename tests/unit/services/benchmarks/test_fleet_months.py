import numpy as np
import pytest

from detectors.catalogue import Needs
from pipeline.quantities import Quantity
from services.benchmarks.fleet_customers import customers
from services.benchmarks.fleet_months import GAPS, POWER_FACTOR

IMPORT = Quantity.ACTIVE_ENERGY_IMPORT
RATES = tuple(Quantity(f"active_energy_import_t{rate}") for rate in range(1, 7))


def test_power_is_voltage_times_current_times_its_factor() -> None:
    quantities = (Quantity.VOLTAGE_B, Quantity.CURRENT_B, Quantity.ACTIVE_POWER_B)
    shown = customers(4, 2).window(Needs(quantities=quantities)).values
    volts, amps, kw = (shown[q] for q in quantities)
    known = np.isfinite(volts)
    np.testing.assert_allclose((volts * amps)[known] * POWER_FACTOR / 1000, kw[known], rtol=1e-5)


def test_registers_count_the_energy_of_the_slots_and_the_rates_add_up() -> None:
    window = customers(4, 2).window(Needs(registers=(IMPORT,), day_registers=RATES))
    total = window.registers[IMPORT]
    row, slot = np.argwhere(np.isfinite(np.diff(total)) & np.isfinite(window.import_kwh[:, :-1]))[0]
    assert np.diff(total)[row, slot] == pytest.approx(window.import_kwh[row, slot], abs=0.011)
    by_rate = np.sum([window.registers[q] for q in RATES], axis=0)
    np.testing.assert_allclose(total[np.isfinite(total)], by_rate[np.isfinite(total)], atol=0.05)


def test_as_much_is_lost_as_is_said() -> None:
    window = customers(100, 30).window(Needs(quantities=(Quantity.VOLTAGE_A,)))
    assert np.isnan(window.values[Quantity.VOLTAGE_A]).mean() == pytest.approx(GAPS, rel=0.05)
    assert (window.quality == "N").mean() == pytest.approx(GAPS, rel=0.4)
