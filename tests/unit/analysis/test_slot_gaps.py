"""A missing slot takes the mean of those beside it, of its own day alone."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.slot_gaps import SlotGaps, slot_gaps
from pipeline.daily_reduction import daily_rows
from tests.day_windows import by_slots

NAN = np.nan


def _gaps(kwh: np.ndarray, partial: list[list[bool]], export: np.ndarray | None = None) -> SlotGaps:
    seen = by_slots(kwh)
    assert seen.daily is not None
    daily = seen.daily
    if export is not None:
        seen = replace(seen, energies={"export_kwh": export})
    return slot_gaps(seen, daily, np.arange(len(kwh)), np.array(partial))


def _two_days() -> np.ndarray:
    return np.concatenate([np.arange(96.0), 1000.0 + np.arange(96.0)])[None]


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        ([40], 40.0),
        ([40, 41], 81.0),
        # At the edges of the day there is one slot beside; the next day's is none.
        ([0], 1.0),
        ([95], 94.0),
        ([3, 50], 53.0),
    ],
)
def test_a_gap_is_filled_as_a_straight_line_would(gone: list[int], expected: float) -> None:
    kwh = _two_days()
    kwh[0, gone] = NAN
    found = _gaps(kwh, [[True, False]])
    assert found.import_kwh.tolist() == [[expected, 0.0]]
    assert found.export_kwh.tolist() == [[0.0, 0.0]]
    assert (found.meters.tolist(), found.slots.tolist()) == ([0] * len(gone), gone)


def test_gaps_on_both_sides_of_midnight_are_two() -> None:
    kwh = _two_days()
    kwh[0, [95, 96]] = NAN
    assert _gaps(kwh, [[True, True]]).import_kwh.tolist() == [[94.0, 1001.0]]


def test_what_flows_back_is_filled_alike() -> None:
    kwh, export = _two_days(), np.full((1, 192), 2.0)
    kwh[0, 10] = NAN
    export[0, 10:12] = [NAN, 4.0]
    assert _gaps(kwh, [[True, True]], export).export_kwh.tolist() == [[3.0, 0.0]]


def test_days_and_meters_that_nobody_asks_for_are_left_alone() -> None:
    kwh = np.concatenate([_two_days(), _two_days()])
    kwh[:, [10, 110]] = NAN
    found = _gaps(kwh, [[False, True], [False, False]])
    assert found.import_kwh.tolist() == [[0.0, 1014.0], [0.0, 0.0]]
    assert found.slots.tolist() == [110]
    nothing = _gaps(kwh, [[False, False], [False, False]])
    assert not nothing.import_kwh.any()
    assert not len(nothing.slots)


def test_days_are_those_of_each_meter_s_zone() -> None:
    kwh = np.concatenate([_two_days(), _two_days()])
    kwh[:, 63] = NAN
    seen = by_slots(kwh)
    # In Shanghai 16:00 UTC begins a day: slot 63 is the last of the day before.
    zones = [ZoneInfo("Etc/UTC"), ZoneInfo("Asia/Shanghai")]
    daily = daily_rows(seen, zones)
    partial = np.zeros((2, len(daily.days)), np.bool_)
    partial[:, 0] = True
    assert slot_gaps(seen, daily, np.arange(2), partial).import_kwh[:, 0].tolist() == [63.0, 62.0]
