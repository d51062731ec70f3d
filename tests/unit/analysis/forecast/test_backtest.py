"""Figures of a backtest against hand calculations, and its promise not to look ahead."""

from datetime import timedelta
from math import isnan

import numpy as np
import pytest

from analysis.forecast.backtest import BASELINES, Tally, backtest
from analysis.forecast.day_ahead import Forecasts, forecasts
from analysis.forecast.history import Question
from analysis.forecast.maxima import MonthEnd
from pipeline.block import Times
from tests.load_history import AT, noisy, question, slots_before, weekly_load

TIMES = slots_before(AT, 40, 60)
ASKED = [question(AT - timedelta(days=back), 24, 60) for back in (2, 1, 0)]


def constant(kwh: np.ndarray, _starts_at: Times, asked: Question) -> Forecasts:
    """A model that says 10, 20 and 30 kWh, and 20 and 30 kW at most."""
    meters = len(kwh)
    none = np.full(meters, np.nan)
    return Forecasts(
        lacking=[None] * meters,
        kwh=np.broadcast_to(np.array([10.0, 20.0, 30.0])[:, None, None], (3, meters, asked.slots)),
        highest_kw=np.array([[20.0] * meters, [30.0] * meters]),
        month=MonthEnd(year=2026, month=12, so_far_kw=none, p50_kw=none, p90_kw=none, days_left=1.0),
    )


def test_figures_are_those_of_a_hand_calculation() -> None:
    kwh = np.full((1, len(TIMES)), 25.0)
    kwh[0, -24:-12] = 5.0
    (tally,) = [
        backtest(kwh, TIMES, ASKED[2:], {"constant": constant}).by_method["constant"],
    ]
    # Half of the day came 5 kWh above, half of it 15 kWh below 20.
    assert tally.error_percent == pytest.approx(100.0 * (12 * 5 + 12 * 15) / (12 * 25 + 12 * 5))
    assert tally.below_percent == (50.0, 50.0, 100.0)
    above = 0.1 * 15 + 0.5 * 5 + 0.1 * 5
    below = 0.9 * 5 + 0.5 * 15 + 0.1 * 25
    assert tally.pinball == pytest.approx(12 * (above + below) / 3)
    assert (tally.peak_error_percent, tally.peaks_below_percent) == (20.0, (0.0, 100.0))


def test_the_simple_rules_are_last_week_yesterday_and_four_weekdays() -> None:
    # Every day draws its number an hour.
    kwh = (np.arange(len(TIMES)) // 24).astype(np.float64)[None, :]
    found = backtest(kwh, TIMES, ASKED[2:], {}).by_method
    day = 40.0
    errors = [found[name].wrong / 24 for name in BASELINES]
    assert errors == [7.0, 1.0, pytest.approx(day - np.mean([33, 26, 19, 12]))]


def test_a_load_that_repeats_is_forecast_without_error_and_counts_every_slot() -> None:
    kwh = weekly_load(TIMES, minutes=60)
    found = backtest(kwh, TIMES, ASKED, {"blend": forecasts})
    blend = found.by_method["blend"]
    assert (blend.slots, blend.days, found.refused) == (72, 3, 0)
    assert blend.error_percent == pytest.approx(0.0, abs=1e-9)
    assert found.by_method["naive day"].error_percent > 10.0


def test_days_without_enough_before_them_are_counted_and_compared_with_nothing() -> None:
    kwh = noisy(weekly_load(TIMES, minutes=60), 2)
    kwh[1, : 30 * 24] = np.nan
    found = backtest(kwh, TIMES, ASKED, {"blend": forecasts})
    assert found.refused == 3
    assert {tally.slots for tally in found.by_method.values()} == {72}


def test_meters_add_up() -> None:
    kwh = noisy(weekly_load(TIMES, minutes=60), 2)
    first, second, both = (
        backtest(part, TIMES, ASKED, {"blend": forecasts}).by_method["blend"]
        for part in (kwh[:1], kwh[1:], kwh)
    )
    assert first.plus(second).wrong == pytest.approx(both.wrong)
    assert first.plus(second).slots == both.slots


def test_nothing_measured_is_no_figure() -> None:
    assert isnan(Tally().error_percent)
    assert all(isnan(share) for share in Tally().below_percent)
