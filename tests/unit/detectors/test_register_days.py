"""What registers grew on a day closes its gaps, and a register that does not fit the slots closes none."""

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors.register_days import net_register_kwh, register_flows_kwh, register_kwh
from pipeline.block import MeterMatrix
from pipeline.daily_reduction import daily_rows
from pipeline.daily_rows import DailyRows
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Ratio, Registry
from pipeline.timegrid import local_day, to_numpy
from tests.day_windows import UTC, by_slots

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


def _feeding(export: np.ndarray, registers: list[float]) -> list[float | None]:
    """A meter that draws 1 kWh a slot, feeds in ``export`` and lacks two hours of the second day."""
    kwh = np.ones((1, DAYS * 96))
    kwh[0, 96 + 48 : 96 + 56] = np.nan
    window = by_slots(kwh, step_kwh=0.1)
    window = replace(window, energies={"export_kwh": export[None]})
    daily = daily_rows(window, [UTC])
    imported = [100.0 + 9.6 * day for day in range(DAYS)]
    held = {IMPORT: np.array([imported]), EXPORT: np.array([registers])}
    _, exported = register_flows_kwh(window, replace(daily, registers=held), REGISTRY)
    return [None if np.isnan(value) else value for value in exported[0].round(6).tolist()]


def test_an_export_register_that_ran_away_or_lacks_what_the_slots_show_closes_nothing() -> None:
    noon = np.tile(np.where(np.arange(96) // 16 == 3, 2.0, 0.0), DAYS)
    # 16 slots of 2 kWh a day, of which the second day lacks eight: it shows 16 kWh, and eight slots at the
    # greatest power, 1.2-fold, make 19.2 more; at CT 10 a day's 32 kWh are 3.2 on the register.
    assert _feeding(noon, [5.0, 8.2, 11.4, 14.6]) == [None, 32.0, 32.0, 32.0]
    assert _feeding(noon, [5.0, 8.54, 11.74, 14.94]) == [None, 35.4, 32.0, 32.0]
    assert _feeding(noon, [5.0, 8.55, 11.75, 14.95]) == [None, None, 32.0, 32.0]
    assert _feeding(noon, [5.0, 6.57, 9.77, 12.97]) == [None, None, 32.0, 32.0]
    # A whole day leaves no room.
    assert _feeding(noon, [5.0, 8.2, 61.4, 64.6]) == [None, 32.0, None, 32.0]


def test_export_that_no_slot_shows_is_fed_in_by_no_register_either() -> None:
    nothing = np.zeros(DAYS * 96)
    assert _feeding(nothing, [5.0, 5.0, 5.0, 5.0]) == [None, 0.0, 0.0, 0.0]
    assert _feeding(nothing, [5.0, 15.0, 15.0, 15.0]) == [None, None, 0.0, 0.0]


def test_export_of_which_every_day_lacks_a_slot_is_wanted_all_the_same() -> None:
    window, _ = _window()
    export = np.full((1, DAYS * 96), 0.5)
    export[0, ::96] = np.nan
    window = replace(window, energies={"export_kwh": export})
    daily = daily_rows(window, [UTC])
    assert np.isnan(daily.energies["export_kwh"]).all()
    held = {IMPORT: np.array([[100.0, 109.7, 119.3, 128.9]])}
    assert np.isnan(net_register_kwh(window, replace(daily, registers=held), REGISTRY)).all()
    # 96 slots of half a kilowatt-hour are 48 kWh; of the second day 42 were fed in and 97 drawn.
    held |= {EXPORT: np.array([[5.0, 9.2, 14.0, 18.8]])}
    net = net_register_kwh(window, replace(daily, registers=held), REGISTRY)
    np.testing.assert_allclose(net, [[np.nan, 55.0, 48.0, 48.0]])


def test_freezes_alone_grow_no_faster_than_the_meter_can() -> None:
    meter = Meter(id=MeterId("M0"), rated_voltage_v=220.0, rated_current_a=5.0, max_current_a=60.0)
    registry = replace(REGISTRY, meters=[meter])
    window, daily = _window(active_energy_import=[100.0, 109.7, 119.3, 6119.3])
    nothing = np.full((1, DAYS), np.nan)
    bare = replace(daily, kwh=nothing, max_kw=nothing, coverage=np.zeros((1, DAYS)))
    # Twice 3 x 220 V x 60 A over 24 h are 1901 kWh on the register; it shows 6000 more.
    found = net_register_kwh(window, bare, registry)
    np.testing.assert_allclose(found, [[np.nan, 97.0, 96.0, np.nan]])


@pytest.mark.parametrize(("day", "hours"), [("2024-03-31", 23), ("2024-10-27", 25)])
def test_a_day_is_as_long_as_its_zone_has_it(day: str, hours: int) -> None:
    kwh = np.ones((1, 3 * 96))
    window = by_slots(kwh, step_kwh=0.1)
    berlin = ZoneInfo("Europe/Berlin")
    day_before = np.datetime64(day) - np.timedelta64(1, "D")
    begin = local_day(date.fromisoformat(str(day_before)), berlin)[0]
    window = replace(window, starts_at=to_numpy(begin) + np.arange(3 * 96) * np.timedelta64(15, "m"))
    known = np.ones((1, 3 * 96))
    # Of the day on which the clock moves only the first slot is known: the others may be 1.2-fold.
    known[0, 97 : 96 + 4 * hours] = np.nan
    window = replace(window, import_kwh=known, quality=np.where(np.isnan(known), "N", "A"))
    daily = daily_rows(window, [berlin])
    most = 1.0 + 1.2 * (4 * hours - 1)
    for grown, closes in ((most - 0.1, True), (most + 0.4, False)):
        held = {IMPORT: np.array([[100.0, 100.0 + grown / 10.0, *[np.nan] * (len(daily.days) - 2)]])}
        found = net_register_kwh(window, replace(daily, registers=held), REGISTRY)
        assert np.isfinite(found[0, 1]) == closes
