"""The past by the local clock: where slots stand, which days are alike, and what is too little."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.forecast.history import history_of, lacking
from pipeline.errors import DataError
from pipeline.timegrid import to_numpy
from tests.load_history import AT, question, slots_before, weekly_load

BERLIN = ZoneInfo("Europe/Berlin")


def test_rows_end_at_the_origin_and_hold_nothing_from_it_on() -> None:
    times = slots_before(AT, 30)
    kwh = np.arange(len(times), dtype=np.float64)[None, :]
    history = history_of(kwh, times, question())
    assert history.kwh.shape == (1, 30, 96)
    np.testing.assert_array_equal(history.kwh[0].reshape(-1), kwh[0, : 30 * 96])


def test_an_origin_in_the_day_parts_each_row_at_midnight() -> None:
    at = AT + timedelta(hours=10)
    history = history_of(weekly_load(slots_before(at, 30)), slots_before(at, 30), question(at))
    before, after = history.parts
    assert (before.slots, after.slots) == (slice(0, 56), slice(56, 96))
    # Row 30 begins on Monday at 10:00 and goes on on Tuesday.
    assert (before.kinds[30], after.kinds[30]) == (0, 1)
    assert before.likes(np.array([30]), np.array([30])).tolist() == [[23, 16, 9, 2]]


def test_an_hour_that_comes_twice_is_a_mean_and_one_that_never_comes_is_missing() -> None:
    for day, missing, twice in (
        (datetime(2026, 3, 29, tzinfo=BERLIN), 1, 0),
        (datetime(2026, 10, 25, tzinfo=BERLIN), 0, 1),
    ):
        at = day + timedelta(days=1)
        hours = np.arange(to_numpy(day), to_numpy(at), np.timedelta64(60, "m"))
        assert len(hours) == 24 - missing + twice
        kwh = np.arange(len(hours), dtype=np.float64)[None, :]
        (row,) = history_of(kwh, hours, question(at, 24, 60, BERLIN)).kwh[0]
        assert np.isnan(row).sum() == missing
        if twice:
            # 02:00 comes as third and fourth hour of the day.
            assert row[:4].tolist() == [0.0, 1.0, 2.5, 4.0]
        assert row[23] == len(hours) - 1


def test_a_missing_one_of_two_like_hours_leaves_the_other() -> None:
    day = datetime(2026, 10, 25, tzinfo=BERLIN)
    at = day + timedelta(days=1)
    hours = np.arange(to_numpy(day), to_numpy(at), np.timedelta64(60, "m"))
    kwh = np.arange(25, dtype=np.float64)[None, :]
    kwh[0, 2] = np.nan
    assert history_of(kwh, hours, question(at, 24, 60, BERLIN)).kwh[0, 0, 2] == 3.0


def test_an_origin_between_slots_is_refused_with_the_slot_before_it() -> None:
    with pytest.raises(DataError, match=r"the one before is 2026-12-13T16:00:00\+00:00"):
        history_of(
            weekly_load(slots_before(AT, 30)), slots_before(AT, 30), question(AT + timedelta(minutes=7))
        )


def test_slots_that_do_not_fill_a_day_are_refused() -> None:
    with pytest.raises(DataError, match="slots of 7 min"):
        history_of(np.zeros((1, 0)), slots_before(AT, 0)[:0], question(minutes=7))


def test_a_past_that_is_too_short_or_too_old_says_what_is_needed() -> None:
    times = slots_before(AT, 30)
    kwh = np.repeat(weekly_load(times), 4, axis=0)
    kwh[1, : 12 * 96] = np.nan
    kwh[2, 29 * 96 : 29 * 96 + 60] = np.nan
    kwh[3, 10 * 96 : 17 * 96] = np.nan
    history = history_of(kwh, times, question())
    enough, short, old, gap = lacking(history, 1)
    assert (enough, gap) == (None, None)
    assert short is not None
    assert "of the 28 days before 2026-12-14T00:00+08:00 18 are whole, expected at least 21" in short
    assert old is not None
    assert "of the 24 hours before 2026-12-14T00:00+08:00 38% are measured" in old
    # A week ahead the errors of a week's forecasts are wanted too.
    assert list(lacking(history, 7))[3] is not None


def test_nothing_at_all_lacks_everything() -> None:
    history = history_of(np.zeros((1, 0)), np.array([], dtype="datetime64[us]"), question(AT.astimezone(UTC)))
    (lack,) = lacking(history, 1)
    assert lack is not None
    assert "0 are whole" in lack
