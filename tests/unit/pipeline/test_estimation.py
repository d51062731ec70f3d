"""What stands in for a gap: the eleven rules, and who may serve as a reference."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from pipeline.estimation import (
    MeterSeries,
    adjust_from_scalar,
    averaging,
    interpolation,
    known_outage,
    profile,
    proxy_day,
    subtractive_adjustment,
    week_kind,
)
from pipeline.vee_limits import LIMITS
from tests.vee_windows import vee_window


def _series(kwh: np.ndarray[tuple[int], np.dtype[np.float64]]) -> MeterSeries:
    window = vee_window(kwh)
    return MeterSeries(
        kwh=kwh,
        trusted=np.isfinite(kwh),
        day=window.day,
        minute_of_day=window.minute_of_day,
        minutes=15,
        outage=np.zeros(len(kwh), dtype=np.bool_),
        day_kind=week_kind(window.day),
    )


def _days(levels: list[float]) -> MeterSeries:
    """Days from Thursday, 1 January 2026 on, each of one level."""
    return _series(np.repeat(np.array(levels), 96))


def test_the_first_days_of_2026_are_two_working_days_and_a_weekend() -> None:
    # 1 January 2026 is a Thursday.
    assert week_kind(np.array([20454, 20455, 20456, 20457, 20458])).tolist() == [0, 0, 1, 1, 0]
    assert week_kind(np.array([20454]), frozenset({20454})).tolist() == [1]


def test_a_short_gap_lies_on_the_line_between_its_neighbours() -> None:
    series = _series(np.array([1.0, np.nan, np.nan, np.nan, 3.0]))
    line = interpolation(series, slice(1, 4), LIMITS)
    assert line is not None
    assert line.tolist() == pytest.approx([1.5, 2.0, 2.5])


def test_a_gap_beyond_two_hours_or_beside_an_outage_is_not_interpolated() -> None:
    kwh = np.ones(20)
    kwh[5:14] = np.nan
    assert interpolation(_series(kwh), slice(5, 14), LIMITS) is None
    kwh[13] = 1.0
    assert interpolation(_series(kwh), slice(5, 13), LIMITS) is not None
    outage = np.zeros(20, dtype=np.bool_)
    outage[13] = True
    assert interpolation(replace(_series(kwh), outage=outage), slice(5, 13), LIMITS) is None


def test_three_nearest_like_days_are_averaged_and_weekends_are_not_like_working_days() -> None:
    #       Thu Fri Sat  Sun  Mon Tue Wed
    days = [9.0, 1.0, 50.0, 50.0, np.nan, 2.0, 3.0]
    mean = averaging(_days(days), slice(4 * 96, 5 * 96), LIMITS)
    assert mean is not None
    # Tuesday, Wednesday and Friday (1, 2 and 3 days away; Thursday is 4 away).
    assert mean.tolist() == pytest.approx([2.0] * 96)


def test_days_beyond_those_of_asking_serve_only_where_others_are_too_few() -> None:
    #                    Sun 4, Sun 11, Sat 17 is the gap, Sun 18, Sat 24
    levels = np.full(24, 9.0)
    levels[[3, 10, 17, 23]] = 3.0, 6.0, 12.0, 90.0
    levels[[2, 9, 16]] = np.nan
    gap = slice(16 * 96, 17 * 96)
    mean = averaging(_days(levels.tolist()), gap, LIMITS)
    assert mean is not None
    # The 24th is nearer than the 4th, but came when the estimate was final.
    assert mean.tolist() == pytest.approx([7.0] * 96)
    levels[3] = np.nan
    with_late = averaging(_days(levels.tolist()), gap, LIMITS)
    assert with_late is not None
    assert with_late.tolist() == pytest.approx([36.0] * 96)


def test_no_day_beyond_those_of_asking_shapes_a_gap_of_known_sum() -> None:
    levels = np.full(24, 9.0)
    levels[[2, 3, 9]] = np.nan
    gap = slice(16 * 96, 17 * 96)
    series = _days(levels.tolist())
    trusted = series.trusted & (series.day != series.day[gap.start])
    assert averaging(replace(series, trusted=trusted), gap, LIMITS) is None
    at_level = replace(series, trusted=trusted, temperature_c=np.zeros(len(series.day)))
    sunday = at_level.day == at_level.day[17 * 96]
    assert proxy_day(at_level, gap, LIMITS) is not None
    assert proxy_day(replace(at_level, trusted=trusted & ~sunday), gap, replace(LIMITS, reach_days=5)) is None


def test_the_class_profile_is_scaled_by_days_within_reach_alone() -> None:
    levels = [100.0, 1.0, 1.0, np.nan, 1.0, 1.0, 1.0, 1.0, 1.0, 100.0]
    series = replace(_days(levels), profile=np.full(960, 0.5))
    scaled = profile(series, slice(3 * 96, 4 * 96), replace(LIMITS, reach_days=2))
    assert scaled is not None
    assert set(scaled.tolist()) == {1.0}


def test_the_proxy_day_is_looked_for_within_the_days_of_asking_first() -> None:
    # Monday 5 January is the gap; 16 January is the like day that is as warm, but came when asking was over.
    warm = np.arange(16.0)
    warm[[4, 15]] = 20.0
    levels = [np.nan] * 5 + [5.0] + [np.nan] * 7 + [8.0, np.nan, 9.0]
    series = replace(_days(levels), temperature_c=np.repeat(warm, 96))
    gap = slice(4 * 96, 4 * 96 + 2)
    first = proxy_day(series, gap, LIMITS)
    later = proxy_day(replace(series, trusted=series.trusted & (series.kwh > 5)), gap, LIMITS)
    assert first is not None
    assert later is not None
    assert (first.tolist(), later.tolist()) == ([5.0, 5.0], [8.0, 8.0])


def test_estimated_days_are_never_references() -> None:
    series = _days([1.0, 1.0, 50.0, 50.0, np.nan, 1.0])
    untrusted = series.trusted & (series.day != series.day[0])
    assert averaging(replace(series, trusted=untrusted), slice(4 * 96, 5 * 96), LIMITS) is None


def test_the_proxy_day_is_the_like_day_of_the_nearest_temperature() -> None:
    series = replace(
        _days([1.0, 2.0, 50.0, 50.0, np.nan, 3.0]), temperature_c=np.repeat([0, 9, 5, 5, 5, 6.0], 96)
    )
    day = proxy_day(series, slice(4 * 96 + 3, 4 * 96 + 6), LIMITS)
    assert day is not None
    assert day.tolist() == [3.0, 3.0, 3.0]


def test_a_class_profile_is_scaled_to_what_the_meter_draws() -> None:
    factors = np.array([1.0, 2.0, 3.0])
    scaled = profile(replace(_series(np.array([2.0, np.nan, 6.0])), profile=factors), slice(1, 2), LIMITS)
    assert scaled is not None
    assert scaled.tolist() == [4.0]


def test_a_known_outage_is_zero_and_only_where_it_covers_the_whole_gap() -> None:
    series = _series(np.array([1.0, np.nan, np.nan]))
    off = np.array([False, True, False])
    assert known_outage(replace(series, outage=off), slice(1, 3), LIMITS) is None
    found = known_outage(replace(series, outage=off), slice(1, 2), LIMITS)
    assert found is not None
    assert found.tolist() == [0.0]


def test_intervals_are_scaled_to_the_register_in_whole_steps() -> None:
    scaled = adjust_from_scalar(np.array([1.0, 2.0, 4.0]), 1.0, 0.01)
    assert scaled.tolist() == [0.14, 0.29, 0.57]  # quotas 14.29, 28.57, 57.14
    assert adjust_from_scalar(np.zeros(4), 0.1, 0.01).tolist() == [0.03, 0.03, 0.02, 0.02]


def test_only_eligible_slots_make_up_for_the_difference_of_two_reads() -> None:
    values, eligible = np.array([1.0, 0.5, 1.5]), np.array([False, True, True])
    adjusted = subtractive_adjustment(values, eligible, 5.0, 0.01)
    assert adjusted is not None
    assert adjusted.tolist() == [1.0, 1.0, 3.0]
    assert subtractive_adjustment(values, eligible, 0.5, 0.01) is None


def test_where_an_hour_comes_twice_the_proxy_day_gives_its_own_hour_twice() -> None:
    # Saturday and Sunday in October: on the 25th the clocks of Berlin go back from 03:00 to 02:00.
    window = vee_window(
        np.concatenate([np.arange(24.0), np.full(25, np.nan)]),
        minutes=60,
        start=np.datetime64("2026-10-23T22:00", "us"),
        zone=ZoneInfo("Europe/Berlin"),
    )
    series = replace(
        _series(window.kwh[0]),
        day=window.day,
        minute_of_day=window.minute_of_day,
        minutes=60,
        day_kind=week_kind(window.day),
        temperature_c=np.full(49, 8.0),
    )
    found = proxy_day(series, slice(24, 49), LIMITS)
    assert found is not None
    assert found.tolist() == [0.0, 1.0, 2.0, 2.0, *np.arange(3.0, 24.0)]
