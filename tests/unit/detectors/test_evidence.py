"""What episodes show, with numbers worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from detectors.evidence import MOST_POINTS, correction, day_rows, energy_kwh, slot_curves
from detectors.hysteresis import Stretch
from pipeline.block import MeterMatrix
from tests.day_windows import by_days
from tests.fix_windows import grid, window

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NO = np.nan


def slots(kwh: list[float]) -> MeterMatrix:
    return window(grid(BEGIN, len(kwh) / 96), {"other": [9.0] * len(kwh), "m": kwh})


def stretch(first: int, end: int, row: int = 1) -> Stretch:
    return Stretch(row=row, first=first, end=end, is_open=False, known_end=end)


def test_curves_show_some_slots_before_and_after_with_their_limits() -> None:
    of = slots([0.0] * 8)
    volts = np.array([[0.0] * 8, [230.0, 229.96, 171.0, 170.5, NO, 229.0, 230.0, 231.0]])
    drawn: Any = slot_curves(
        of, stretch(2, 4), {"voltage_a": volts}, unit="V", limits={"trigger": 171.6004}, margin=1
    )
    assert (drawn["unit"], drawn["minutes"], drawn["each_point"]) == ("V", 15, "slot")
    assert drawn["limits"] == {"trigger": 171.6}
    assert drawn["lines"]["voltage_a"] == [
        ["2026-01-01T00:15:00+00:00", 229.96],
        ["2026-01-01T00:30:00+00:00", 171.0],
        ["2026-01-01T00:45:00+00:00", 170.5],
        ["2026-01-01T01:00:00+00:00", None],
    ]


def test_curves_end_with_the_window() -> None:
    drawn: Any = slot_curves(slots([0.0] * 8), stretch(1, 8), {"kwh": np.zeros((2, 8))}, unit="kWh")
    assert len(drawn["lines"]["kwh"]) == 8


def test_a_long_stretch_is_thinned_and_its_peaks_are_kept() -> None:
    column = np.zeros((2, 1200))
    column[1, 700] = 50.0
    drawn: Any = slot_curves(slots([0.0] * 1200), stretch(0, 1200), {"kw": column}, unit="kW")
    points = drawn["lines"]["kw"]
    assert drawn["each_point"] == "highest slot"
    assert len(points) == 400 <= MOST_POINTS  # three slots a point
    assert [(BEGIN + timedelta(minutes=15 * 700)).isoformat(), 50.0] in points


def test_days_before_within_and_after_are_rows() -> None:
    daily = by_days(np.array([[1.0] * 6, [5.0, 4.0, 0.5, NO, 6.1234, 7.0]])).daily
    assert daily is not None
    rows = day_rows(daily, stretch(2, 4), {"kwh": daily.kwh}, margin=1)
    assert rows == [
        {"day": "2024-06-04", "verdict": "", "kwh": 4.0},
        {"day": "2024-06-05", "verdict": "abnormal", "kwh": 0.5},
        {"day": "2024-06-06", "verdict": "abnormal", "kwh": None},
        {"day": "2024-06-07", "verdict": "", "kwh": 6.123},
    ]


def test_the_energy_of_a_stretch_is_that_of_its_known_slots() -> None:
    assert energy_kwh(slots([1.0, 2.0, NO, 4.0, 8.0]), stretch(1, 4)) == 6.0
    assert energy_kwh(slots([1.0, NO, NO]), stretch(1, 3)) is None


def corrected(metered: list[float], true_kw: list[float], shown_kw: list[float]) -> Any:  # Any: JSON
    of = slots([7.0, *metered, 7.0])
    return correction(of, stretch(1, len(metered) + 1), np.array(true_kw), np.array(shown_kw), how="by hand")


def test_a_correction_by_hand() -> None:
    # 1 kWh metered at half the true power makes 2; an unread interval of 4 kW shown counts as 1 of true 2;
    # of a slot that showed 0.5 of 8 kW its true power for a quarter of an hour is taken: 2.
    found = corrected([1.0, 1.0, NO, 0.0], [8.0] * 4, [4.0, 4.0, 4.0, 0.5])
    assert found == {
        "factor": 2.6667,
        "metered_kwh": 3.0,
        "missing_kwh": 5.0,
        "slots_known": 4,
        "slots": 4,
        "how": "by hand",
    }


def test_slots_with_an_unknown_power_take_the_factor_of_the_others() -> None:
    # Known: 2 kWh metered of true 4, factor 2; the kWh between lacks as much again: 2 + 1.
    found = corrected([1.0, 1.0, 1.0], [8.0, NO, 8.0], [4.0, NO, 4.0])
    assert (found["factor"], found["metered_kwh"], found["missing_kwh"]) == (2.0, 3.0, 3.0)
    assert (found["slots_known"], found["slots"]) == (2, 3)


def test_energy_that_was_counted_too_much_is_negative() -> None:
    found = corrected([2.0, 2.0], [4.0, 4.0], [8.0, 8.0])
    assert (found["factor"], found["missing_kwh"]) == (0.5, -2.0)


def test_without_any_power_nothing_is_worked_out() -> None:
    found = corrected([1.0, 2.0], [NO, NO], [NO, NO])
    assert (found["factor"], found["metered_kwh"], found["missing_kwh"]) == (None, 3.0, None)


def test_a_register_that_stood_still_lacks_all_of_it() -> None:
    found = corrected([0.0, 0.0], [4.0, 8.0], [0.0, 0.0])
    assert found["factor"] is None
    assert found["missing_kwh"] == pytest.approx(3.0)
