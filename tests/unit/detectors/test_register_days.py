"""What registers grew on a day closes its gaps, and a register that does not fit the slots closes none."""

from dataclasses import replace

import numpy as np

from detectors.register_days import net_register_kwh, register_kwh
from pipeline.block import MeterMatrix
from pipeline.daily_rows import DailyRows
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Ratio, Registry
from tests.day_windows import by_slots

IMPORT, EXPORT = Quantity.ACTIVE_ENERGY_IMPORT, Quantity.ACTIVE_ENERGY_EXPORT
REGISTRY = Registry(meters=[Meter(id=MeterId("M0"))], ratios=[Ratio(meter=MeterId("M0"), ct=10.0)])
DAYS = 4
UNKNOWN = slice(96 + 10, 96 + 34)
"""Six hours of the second day."""


def _window(**registers: list[float]) -> tuple[MeterMatrix, DailyRows]:
    """A meter of 1 kWh a slot at CT 10, with a gap; registers in its own digits."""
    kwh = np.ones((1, DAYS * 96))
    kwh[0, UNKNOWN] = np.nan
    window = by_slots(kwh, step_kwh=0.1)
    assert window.daily is not None
    held = {Quantity(name): np.array([column]) for name, column in registers.items()}
    return window, replace(window.daily, registers=held)


def _net(**registers: list[float]) -> list[float | None]:
    window, daily = _window(**registers)
    (row,) = net_register_kwh(window, daily, REGISTRY).round(6).tolist()
    return [None if np.isnan(value) else value for value in row]


def test_a_day_is_the_difference_of_two_registers_times_the_ratio() -> None:
    window, daily = _window(active_energy_import=[100.0, 109.6, 119.2, np.nan])
    grown = register_kwh(window, daily, REGISTRY)
    np.testing.assert_allclose(grown, [[np.nan, 96.0, 96.0, np.nan]])


def test_the_gap_of_a_day_is_closed_exactly() -> None:
    assert _net(active_energy_import=[100.0, 109.7, 119.3, 128.9]) == [None, 97.0, 96.0, 96.0]


def test_without_registers_nothing_is_closed() -> None:
    assert _net() == [None] * DAYS


def test_a_register_that_lacks_what_the_slots_show_or_ran_away_closes_nothing() -> None:
    # 72 kWh are known and 24 slots at the greatest power, 1.2-fold, make 28.8 more; two steps are 0.2.
    assert _net(active_energy_import=[100.0, 107.1, 116.7, 126.3]) == [None, None, 96.0, 96.0]
    assert _net(active_energy_import=[100.0, 110.09, 119.69, 129.29])[1] == 100.9
    assert _net(active_energy_import=[100.0, 110.11, 119.71, 129.31])[1] is None
    # A whole day leaves no room.
    assert _net(active_energy_import=[100.0, 109.6, 119.3, 128.9])[2] is None


def test_a_register_that_fell_is_no_energy() -> None:
    assert _net(active_energy_import=[100.0, 9.6, 19.2, 28.8]) == [None, None, 96.0, 96.0]


def test_what_was_fed_back_is_taken_off_and_wanted_where_slots_show_it() -> None:
    imported = [100.0, 109.7, 119.3, 128.9]
    assert _net(active_energy_import=imported, active_energy_export=[5.0, 6.0, 6.0, 6.0])[1:3] == [87.0, 96.0]
    window, daily = _window(active_energy_import=imported)
    feeding = replace(daily, energies={"export_kwh": np.array([[1.0, 1.0, 0.0, 0.0]])})
    assert np.isnan(net_register_kwh(window, feeding, REGISTRY)).all()


def test_a_meter_of_which_only_freezes_are_known_has_its_days() -> None:
    window, daily = _window(active_energy_import=[100.0, 109.7, 119.3, 128.9])
    nothing = np.full((1, DAYS), np.nan)
    bare = replace(daily, kwh=nothing, max_kw=nothing, coverage=np.zeros((1, DAYS)))
    np.testing.assert_allclose(net_register_kwh(window, bare, REGISTRY), [[np.nan, 97.0, 96.0, 96.0]])
