"""The blend finds by itself which way of going on suits a meter."""

import numpy as np
import pytest

from analysis.forecast.blend import blend
from analysis.forecast.history import history_of
from tests.load_history import AT, noisy, question, slots_before, weekly_load

TIMES = slots_before(AT, 56)


def test_a_load_that_repeats_by_weekday_is_continued_exactly() -> None:
    kwh = weekly_load(TIMES)
    history = history_of(kwh, TIMES, question())
    for lead in (1, 3, 7):
        said = blend(history.kwh, history.parts, lead)
        first = (56 + lead - 1) * 96
        expected = weekly_load(np.array(TIMES[0] + np.arange(first, first + 96) * np.timedelta64(15, "m")))
        np.testing.assert_allclose(said.kwh[0, -1], expected[0], rtol=1e-9)


def test_a_level_that_grows_day_by_day_is_followed_and_not_averaged_away() -> None:
    growth = 1.03 ** np.arange(57).repeat(96)[None, :]
    flat = np.full((1, 57 * 96), 10.0)
    history = history_of(np.asarray(flat * growth, dtype=np.float64), TIMES, question())
    said = blend(history.kwh, history.parts, 1)
    level = 10.0 * 1.03**56
    mean_of_four = np.mean([10.0 * 1.03 ** (56 - back) for back in (7, 14, 21, 28)])
    assert abs(said.kwh[0, -1, 0] - level) < 0.05 * level < abs(mean_of_four - level)


def test_a_plant_that_rests_on_some_days_is_served_by_the_median() -> None:
    kwh = weekly_load(TIMES)
    # It stood still on one working day of each of three weeks, another one each time.
    for day in (36, 44, 52):
        kwh[0, day * 96 : (day + 1) * 96] = 5.0
    history = history_of(kwh, TIMES, question())
    said = blend(history.kwh, history.parts, 1).kwh[0, -1]
    busy = said[8 * 4 : 18 * 4]
    assert busy == pytest.approx(np.full(40, 25.0), rel=0.03)


def test_every_meter_is_its_own_and_the_order_of_meters_does_not_matter() -> None:
    kwh = noisy(weekly_load(TIMES), 5)
    history = history_of(kwh, TIMES, question())
    together = blend(history.kwh, history.parts, 1).kwh
    turned = blend(history.kwh[::-1], history.parts, 1).kwh[::-1]
    np.testing.assert_array_equal(turned, together)
    np.testing.assert_array_equal(blend(history.kwh[2:3], history.parts, 1).kwh, together[2:3])


def test_gaps_leave_the_ways_that_need_them_out() -> None:
    kwh = weekly_load(TIMES)
    kwh[0, 55 * 96 + 40 : 55 * 96 + 60] = np.nan
    history = history_of(kwh, TIMES, question())
    said = blend(history.kwh, history.parts, 1)
    assert np.isfinite(said.kwh[0, -1]).all()
    assert said.kwh[0, -1] == pytest.approx(weekly_load(TIMES[-96:])[0], rel=0.1)


def test_a_meter_that_draws_nothing_is_expected_to_draw_nothing() -> None:
    history = history_of(np.zeros((1, len(TIMES))), TIMES, question())
    assert (blend(history.kwh, history.parts, 1).kwh[0, -1] == 0.0).all()
