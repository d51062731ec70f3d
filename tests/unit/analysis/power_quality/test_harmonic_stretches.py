"""Stretches of a month in which a standard wants its limits kept."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.harmonic_limits import MONTHLY_95, Statistic
from analysis.power_quality.block_values import COMPLIES, OPEN, VIOLATES, block_values
from analysis.power_quality.harmonic_readings import sound_readings, voltage_orders
from analysis.power_quality.harmonic_stretches import Stretch, judged_stretches, worst_of
from analysis.power_quality.point_month import PointMonth
from pipeline.quantities import Quantity
from pipeline.timegrid import local_month, to_numpy
from tests.harmonic_months import every_phase, voltage_month
from tests.quality_months import BEGIN, POINT

DAILY = Statistic(days=1, percent=99, factor=1.5)
WEEKLY = Statistic(days=7, percent=95)


def stretches(judged: PointMonth, *statistics: Statistic) -> tuple[list[Stretch], list[Statistic]]:
    columns = voltage_orders(sound_readings(replace(judged, values={})))
    assert columns is not None
    whole = block_values(columns.values, columns.expected)
    return judged_stretches(judged, columns, np.full(len(columns.orders), 3.0), statistics, whole)


def test_a_september_has_thirty_days_and_five_weeks_of_which_the_last_two_overlap() -> None:
    judged = voltage_month(every_phase({5: 1.0}))
    found, skipped = stretches(judged, DAILY, WEEKLY)
    assert skipped == []
    days, weeks = found[:30], found[30:]
    assert [(s.first, s.last) for s in days] == [(96 * n, 96 * n + 96) for n in range(30)]
    assert [(s.first, s.last) for s in weeks] == [
        *((672 * n, 672 * n + 672) for n in range(4)),
        (2880 - 672, 2880),
    ]
    assert {float(s.limits[0, 0]) for s in days} == {4.5}


def test_the_month_as_a_whole_is_one_stretch() -> None:
    found, _ = stretches(voltage_month(every_phase({5: 1.0})), MONTHLY_95)
    assert [(s.first, s.last, s.values.expected) for s in found] == [(0, 2880, 2880)]


def test_time_without_supply_is_not_expected_of_its_stretch() -> None:
    outage = (BEGIN + timedelta(hours=2), BEGIN + timedelta(hours=8))
    judged = replace(voltage_month(every_phase({5: 1.0})), outages=[outage])
    found, _ = stretches(judged, DAILY)
    assert [s.values.expected for s in found[:2]] == [72, 96]


def test_a_day_is_a_local_one_also_where_the_clock_is_changed() -> None:
    """Berlin puts its clock back on 25 October 2026: that day has 25 hours, the next begins at midnight."""
    zone = ZoneInfo("Europe/Berlin")
    begin, end = local_month(2026, 10, zone)
    plain = voltage_month(every_phase({5: 1.0}), count=2980, point=replace(POINT, zone=zone))
    times = to_numpy(begin) + np.arange(2980) * np.timedelta64(15, "m")
    autumn = replace(plain, starts_at=begin, ends_at=end, taken_at=times, spectrum_at=times)
    days, _ = stretches(autumn, DAILY)
    assert [(s.first, s.last, s.values.expected) for s in days[23:27]] == [
        (96 * 23, 96 * 24, 96),
        (96 * 24, 96 * 24 + 100, 100),
        (96 * 25 + 4, 96 * 26 + 4, 96),
        (96 * 26 + 4, 96 * 27 + 4, 96),
    ]
    weekly, _ = stretches(autumn, WEEKLY)
    assert [(s.first, s.last) for s in weekly[3:]] == [(2016, 2692), (2304, 2980)]


def test_readings_that_show_no_supply_are_not_expected_of_their_stretch() -> None:
    judged = voltage_month(every_phase({5: 1.0}))
    volts = np.full(2880, 220.0)
    volts[90:106] = 0.0
    columns = voltage_orders(sound_readings(replace(judged, values={Quantity.VOLTAGE_A: volts})))
    assert columns is not None
    whole = block_values(columns.values, columns.expected)
    found, _ = judged_stretches(judged, columns, np.full(len(columns.orders), 3.0), [DAILY], whole)
    assert [s.values.expected for s in found[:3]] == [90, 86, 96]
    assert [int(s.values.n[0, 3]) for s in found[:3]] == [90, 86, 96]


def test_readings_too_rare_for_every_statistic_are_judged_by_the_month() -> None:
    rare = voltage_month(every_phase({5: 1.0}), count=60, period_s=43_200.0)
    found, skipped = stretches(rare, DAILY, WEEKLY)
    assert skipped == [DAILY, WEEKLY]
    assert [(s.statistic, s.first, s.last) for s in found] == [(MONTHLY_95, 0, 60)]


def test_a_running_month_shorter_than_a_week_has_no_week() -> None:
    judged = voltage_month(every_phase({5: 1.0}), count=288)
    running = replace(judged, ends_at=BEGIN + timedelta(days=3))
    found, skipped = stretches(running, DAILY, WEEKLY)
    assert len(found) == 3
    assert skipped == [WEEKLY]
    noon = replace(running, ends_at=BEGIN + timedelta(days=2, hours=12))
    assert [(s.first, s.last, s.values.expected) for s in stretches(noon, DAILY)[0][1:]] == [
        (96, 192, 96),
        (192, 240, 48),
    ]


def test_the_worst_phase_of_the_worst_day_tells() -> None:
    judged = voltage_month(every_phase({5: 1.0}))
    judged.spectra[Quantity.VOLTAGE_HARMONIC_C][960:963, 5] = [8.0, 9.0, 8.5]
    found, _ = stretches(judged, DAILY)
    worst = worst_of(found)
    assert worst.code[3] == VIOLATES
    assert worst.stretch[3] is found[10]
    assert (worst.phase[3], worst.value[3], worst.limit[3], worst.highest[3]) == (2, 9.0, 4.5, 961)
    assert worst.code[5] == COMPLIES


@pytest.mark.parametrize("empty", [slice(0, 96), slice(0, 2880)])
def test_a_stretch_without_readings_is_open_but_not_the_one_that_is_shown(empty: slice) -> None:
    judged = voltage_month(every_phase({5: 1.0}))
    judged.spectra[Quantity.VOLTAGE_HARMONIC_A][empty, 2:] = np.nan
    worst = worst_of(stretches(judged, DAILY)[0])
    assert (worst.code[3], worst.own_code[3], worst.n[3]) == (OPEN, COMPLIES, 96)
    assert (worst.good[3], worst.bad[3]) == (COMPLIES, VIOLATES)


def test_without_a_limit_the_largest_value_tells() -> None:
    judged = voltage_month({"a": {5: 1.0}, "b": {5: 2.0}, "c": {5: 1.5}})
    columns = voltage_orders(sound_readings(replace(judged, values={})))
    assert columns is not None
    whole = block_values(columns.values, columns.expected)
    no_limits = np.full(len(columns.orders), np.inf)
    found, _ = judged_stretches(judged, columns, no_limits, [MONTHLY_95], whole)
    worst = worst_of(found)
    assert (worst.phase[3], worst.value[3], worst.code[3]) == (1, whole.value[1, 3], COMPLIES)
