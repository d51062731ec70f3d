"""Days are compared by their mean power, so that those of 23 and 25 hours are neither low nor high."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from pipeline.validation import validate
from pipeline.validation_days import day_totals
from tests.vee_windows import vee_window

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("start", "slots"),
    [("2026-03-28T23:00", 92), ("2026-10-24T22:00", 100), ("2026-03-01T23:00", 96)],
    ids=["23 h", "25 h", "24 h"],
)
def test_a_local_day_has_as_many_slots_as_its_clock_says(start: str, slots: int) -> None:
    window = vee_window(np.ones(slots + 96), start=np.datetime64(start, "us"), zone=BERLIN)
    totals = day_totals(window)
    assert totals.slots.tolist() == [slots, 96]
    assert totals.kwh_an_hour.tolist() == [[4.0, 4.0]]


def test_a_constant_load_is_neither_high_nor_low_through_both_changes() -> None:
    for start in ("2026-03-19T23:00", "2026-10-14T22:00"):
        window = vee_window(np.full(96 * 20, 0.25), start=np.datetime64(start, "us"), zone=BERLIN)
        assert list(validate(window).findings) == []


def test_a_day_with_a_hole_has_no_total() -> None:
    kwh = np.ones(192)
    kwh[3] = np.nan
    assert np.isnan(day_totals(vee_window(kwh)).kwh_an_hour).tolist() == [[True, False]]
