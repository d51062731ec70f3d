from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np

from detectors.usage.copied_days import Copy, Telling, copies, in_steps
from pipeline.daily_reduction import daily_rows
from tests.day_windows import by_slots

TELLING = Telling(changes=24, clear_steps=3, days_back=35)


def _copies(kwh: np.ndarray, zone: str = "Etc/UTC") -> list[Copy]:
    window = by_slots(kwh)
    daily = daily_rows(replace(window, daily=None), [ZoneInfo(zone)] * len(kwh))
    return list(copies(window, daily, in_steps(window), TELLING))


def _noise(days: int = 8, meters: int = 1) -> np.ndarray:
    return np.random.default_rng(6).integers(30, 70, (meters, days * 96)) * 0.01


def test_each_meter_is_compared_with_itself_alone() -> None:
    kwh = _noise(meters=3)
    kwh[1] = kwh[0]
    kwh[2, 6 * 96 : 7 * 96] = kwh[2, 96:192]
    (copy,) = _copies(kwh)
    assert (copy.row, copy.first, copy.end, copy.lag, copy.days) == (2, 6 * 96, 7 * 96, 5 * 96, 1)


def test_one_step_is_what_registers_leave_and_two_make_another_day() -> None:
    kwh = _noise()
    kwh[0, 6 * 96 : 7 * 96] = kwh[0, 96:192]
    kwh[0, 6 * 96 + 50] += 0.01
    (copy,) = _copies(kwh)
    assert copy.exact == 95 / 96
    kwh[0, 6 * 96 + 50] += 0.01
    assert _copies(kwh) == []


def test_days_that_hardly_change_or_are_not_known_tell_nothing() -> None:
    kwh = np.full((1, 8 * 96), 0.5)
    assert _copies(kwh) == []
    kwh = _noise() / 10.0
    kwh[0, 96:192] = kwh[0, :96]
    assert _copies(np.round(kwh, 2)) == []
    assert _copies(np.full((1, 8 * 96), np.nan)) == []


def test_days_are_local_and_the_same_day_again_and_again_is_one_run() -> None:
    kwh = np.tile(_noise(1), 6)
    (copy,) = _copies(kwh, "Asia/Shanghai")
    # The window begins at eight in the morning there; the second whole day is the first copy.
    assert (copy.lag, copy.end, copy.days) == (96, 6 * 96, 4)


def test_what_is_too_long_ago_is_not_compared() -> None:
    kwh = _noise(50)
    kwh[0, 40 * 96 : 41 * 96] = kwh[0, 4 * 96 : 5 * 96]
    assert _copies(kwh) == []
    kwh[0, 42 * 96 : 43 * 96] = kwh[0, 7 * 96 : 8 * 96]
    assert len(_copies(kwh)) == 1
