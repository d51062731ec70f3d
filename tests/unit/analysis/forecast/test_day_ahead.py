"""Forecasts of many meters: what is asked is answered, by the clock, from the past alone."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.forecast.day_ahead import METERS_AT_A_TIME, forecasts
from analysis.forecast.days_off import DaysOff
from analysis.forecast.history import Question
from pipeline.errors import DataError
from pipeline.timegrid import local_clock
from tests.load_history import AT, SHANGHAI, noisy, question, slots_before, weekly_load

BERLIN = ZoneInfo("Europe/Berlin")
TIMES = slots_before(AT, 56)


def test_quantiles_are_ordered_and_hold_the_load() -> None:
    kwh = noisy(weekly_load(TIMES), 20)
    found = forecasts(kwh, TIMES, question())
    p10, p50, p90 = found.kwh
    assert found.lacking == [None] * 20
    assert p10.shape == (20, 96)
    assert ((p10 <= p50) & (p50 <= p90)).all()
    came = kwh[:, -96:]
    assert 0.74 < ((came >= p10) & (came <= p90)).mean() < 0.86
    assert 0.44 < (came < p50).mean() < 0.56


def test_a_day_off_is_like_a_sunday() -> None:
    closed = DaysOff(off=frozenset({AT.date()}))
    asked = Question(at=AT, slots=96, minutes=15, zone=SHANGHAI, days_off=closed)
    kwh = weekly_load(TIMES)
    assert forecasts(kwh, TIMES, asked).kwh[1, 0, 40:72].max() == pytest.approx(5.0)
    assert forecasts(kwh, TIMES, question()).kwh[1, 0, 40:72].min() == pytest.approx(25.0)


def test_an_origin_at_any_slot_is_answered_from_there_on() -> None:
    at = AT + timedelta(hours=7)
    times = slots_before(at, 50)
    found = forecasts(weekly_load(times), times, question(at, 8)).kwh[1, 0]
    assert found.tolist() == pytest.approx([5.0] * 4 + [25.0] * 4)
    # Friday at 12:00: the day after is a Saturday.
    friday = AT + timedelta(days=4, hours=12)
    times = slots_before(friday, 50)
    found = forecasts(weekly_load(times), times, question(friday, 96)).kwh[1, 0]
    assert found.tolist() == pytest.approx([25.0] * 24 + [5.0] * 72)


@pytest.mark.parametrize(
    ("day", "slots"),
    [(datetime(2026, 3, 29, tzinfo=BERLIN), 92), (datetime(2026, 10, 25, tzinfo=BERLIN), 100)],
)
def test_days_of_23_and_25_hours_follow_the_clock(day: datetime, slots: int) -> None:
    times = slots_before(day, 50)
    kwh = weekly_load(times, BERLIN)
    found = forecasts(kwh, times, question(day, slots, zone=BERLIN)).kwh[1, 0]
    assert len(found) == slots
    assert np.isfinite(found).all()
    # The day after is a Monday: work begins at 8 by the clock, not 8 hours after midnight was 24 hours ago.
    after = day + timedelta(days=1)
    times = slots_before(after, 50)
    monday = forecasts(weekly_load(times, BERLIN), times, question(after, 96, zone=BERLIN)).kwh[1, 0]
    assert monday.tolist() == pytest.approx([5.0] * 32 + [25.0] * 40 + [5.0] * 24)


def test_an_origin_within_the_hour_that_comes_twice_is_answered() -> None:
    second = datetime(2026, 10, 25, 2, tzinfo=BERLIN, fold=1)
    times = slots_before(second, 50)
    found = forecasts(weekly_load(times, BERLIN), times, question(second, 12, zone=BERLIN)).kwh
    assert np.isfinite(found).all()


def test_a_meter_that_lacks_something_costs_the_others_nothing() -> None:
    kwh = noisy(weekly_load(TIMES), 3)
    whole = forecasts(kwh[[0, 2]], TIMES, question())
    kwh[1] = np.nan
    found = forecasts(kwh, TIMES, question())
    assert found.lacking[1] is not None
    assert np.isnan(found.kwh[:, 1]).all()
    assert np.isnan(found.highest_kw[:, 1]).all()
    assert np.isnan(found.month.p90_kw[1])
    np.testing.assert_array_equal(found.kwh[:, [0, 2]], whole.kwh)
    np.testing.assert_array_equal(found.month.p90_kw[[0, 2]], whole.month.p90_kw)


def test_a_slot_that_is_never_measured_stays_empty_and_the_others_do_not() -> None:
    kwh = weekly_load(TIMES)
    kwh[0, 12::96] = np.nan
    found = forecasts(kwh, TIMES, question())
    assert found.lacking == [None]
    assert np.isnan(found.kwh[:, 0, 12]).all()
    assert np.isfinite(np.delete(found.kwh[:, 0], 12, axis=1)).all()
    assert found.highest_kw[0, 0] == pytest.approx(100.0)


def test_who_never_fed_back_is_not_expected_to_and_who_did_may() -> None:
    kwh = noisy(weekly_load(TIMES), 2, share=1.5)
    kwh[0] = np.maximum(kwh[0], 0.0)
    found = forecasts(kwh, TIMES, question()).kwh
    assert (found[:, 0] >= 0.0).all()
    assert (found[0, 1] < 0.0).any()


@pytest.mark.parametrize(("minutes", "share_of_hour"), [(5, 0.25), (15, 0.25), (60, 1.0)])
def test_no_slot_is_said_to_draw_more_than_the_highest_demand(minutes: int, share_of_hour: float) -> None:
    """A plant that rests every other day: what each slot may be is wide, what the day may be is not.

    A demand is the mean of 15 minutes, so 5 minutes draw at most what the whole block does.
    """
    times = slots_before(AT, 56, minutes)
    day, _ = local_clock(times, SHANGHAI)
    running = np.random.default_rng(3).random((8, int(day.max()) + 1)) < 0.5
    kwh = noisy(weekly_load(times, minutes=minutes), 8, 0.05) * np.where(running[:, day], 1.0, 0.05)
    found = forecasts(kwh, times, question(slots=24 * 60 // minutes, minutes=minutes))
    p10, p50, p90 = found.kwh
    for slots, highest_kw in ((p50, found.highest_kw[0]), (p90, found.highest_kw[1])):
        assert (slots.max(axis=1) <= highest_kw * share_of_hour + 1e-9).all()
    assert ((p10 <= p50) & (p50 <= p90)).all()
    # The bound is reached: without it slots would have been above.
    assert np.isclose(p90.max(axis=1), found.highest_kw[1] * share_of_hour).any()


def test_more_meters_than_fit_at_a_time_are_all_answered_in_order() -> None:
    times = slots_before(AT, 40, 60)
    kwh = weekly_load(times, minutes=60) * np.arange(1, METERS_AT_A_TIME + 4)[:, None]
    found = forecasts(kwh, times, question(slots=24, minutes=60))
    assert len(found.lacking) == len(kwh)
    np.testing.assert_allclose(found.kwh[1, :, 10], 100.0 * np.arange(1, METERS_AT_A_TIME + 4))
    assert len(found.month.p90_kw) == len(kwh)


@pytest.mark.parametrize("slots", [0, 7 * 96 + 1])
def test_no_slots_and_more_than_a_week_are_refused(slots: int) -> None:
    with pytest.raises(DataError, match=r"expected 1 to 672 slots of 15 min \(7 days\)"):
        forecasts(weekly_load(TIMES), TIMES, question(slots=slots))


def test_no_meters_give_no_forecasts() -> None:
    found = forecasts(np.zeros((0, len(TIMES))), TIMES, question())
    assert (found.lacking, found.kwh.shape) == ([], (3, 0, 96))
