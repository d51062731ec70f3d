from dataclasses import replace
from datetime import timedelta

import numpy as np

from detectors.area.phase_voltages import area_voltages, trailing, within
from pipeline.quantities import Quantity
from tests.fix_area import AREA, NOW, OTHER, START, planted_area


def test_every_member_has_its_filed_phase_and_the_supply_meter_all_three() -> None:
    own, other = area_voltages(planted_area().window, planted_area().registry)
    assert (own.area, other.area) == (AREA, OTHER)
    assert [len(own.of_phase(phase)) for phase in "ABC"] == [10, 10, 10]
    supply = [c.phase for c in own.channels if not c.is_member]
    assert supply == ["A", "B", "C"]
    assert own.percent.shape == (21, 24, len(own.channels))


def test_what_a_phase_has_in_common_is_the_median_of_its_channels() -> None:
    case = planted_area()
    own, _ = area_voltages(case.window, case.registry)
    rows = [n for n, channel in enumerate(own.channels) if channel.phase == "B"]
    assert own.in_common["B"][0, 5] == np.sort(own.percent[0, 5, rows])[5]


def test_a_lost_voltage_is_no_voltage_of_the_line() -> None:
    case = planted_area()
    values = dict(case.window.values)
    volts = values[Quantity.VOLTAGE_A].copy()
    volts[0, 12] = 80.0
    values[Quantity.VOLTAGE_A] = volts
    own, _ = area_voltages(replace(case.window, values=values), case.registry)
    assert np.isnan(own.percent[0, 3, 0])
    assert np.isfinite(own.percent[0, 4, 0])


def test_a_member_who_comes_or_goes_within_the_window_is_left_out() -> None:
    case = planted_area()
    members = [
        replace(m, starts_at=START + timedelta(days=3)) if m.service_point.endswith("H-01") else m
        for m in case.registry.area_members
    ]
    own, _ = area_voltages(case.window, replace(case.registry, area_members=members))
    assert "H-01" not in {channel.meter for channel in own.channels}
    assert NOW > START


def test_days_before_a_flag_are_reached_and_sums_trail() -> None:
    flags = np.array([[False, False, False, True, False]])
    assert within(flags, 3).tolist() == [[False, True, True, True, False]]
    assert trailing(np.array([[1.0, 2.0, 3.0, 4.0]]), 2).tolist() == [[1.0, 3.0, 5.0, 7.0]]


def test_all_slots_may_be_looked_at_in_place_of_hours() -> None:
    case = planted_area()
    own, _ = area_voltages(case.window, case.registry, 15)
    hourly, _ = area_voltages(case.window, case.registry)
    assert own.percent.shape[:2] == (21, 96)
    np.testing.assert_array_equal(own.percent[:, ::4], hourly.percent)
