"""The month-end maximum asked of months that are over."""

from datetime import datetime

import numpy as np
import pytest

from analysis.forecast.month_backtest import MonthTally, month_backtest
from pipeline.timegrid import to_numpy
from tests.load_history import SHANGHAI, weekly_load

TIMES = np.arange(
    to_numpy(datetime(2026, 9, 28, tzinfo=SHANGHAI)),
    to_numpy(datetime(2026, 12, 10, tzinfo=SHANGHAI)),
    np.timedelta64(60, "m"),
)


def test_whole_months_with_a_history_are_asked_on_four_days() -> None:
    found = month_backtest(weekly_load(TIMES, minutes=60), TIMES, 60, SHANGHAI)
    # October has no history on its first three days of asking, December is not over.
    assert found.asked == 4
    assert (found.within_p50, found.within_p90) == (4, 4)
    assert found.wrong == pytest.approx(0.0, abs=1e-6)
    # November begins on a Sunday: on the 1st nothing has come yet.
    assert found.reached == 3


def test_a_peak_that_nothing_foretold_counts_against_the_forecast() -> None:
    kwh = weekly_load(TIMES, minutes=60)
    last_day = np.searchsorted(TIMES, to_numpy(datetime(2026, 11, 30, 12, tzinfo=SHANGHAI)))
    kwh[0, last_day] = 500.0
    found = month_backtest(kwh, TIMES, 60, SHANGHAI)
    assert (found.asked, found.within_p90) == (4, 0)
    assert found.wrong == pytest.approx(4 * 400.0)


def test_those_of_several_series_add_up() -> None:
    one = MonthTally(asked=2, reached=1, within_p50=1, within_p90=2, highest=10.0, wrong=1.0)
    assert one.plus(one) == MonthTally(
        asked=4, reached=2, within_p50=2, within_p90=4, highest=20.0, wrong=2.0
    )
