"""Local days of a month, and the stretches outside the band."""

from datetime import timedelta

import numpy as np

from analysis.power_quality.daily_curve import (
    MOST_STRETCHES,
    Standing,
    daily_curve,
    outside_stretches,
)
from analysis.power_quality.voltage_points import point_band
from pipeline.quantities import Quantity
from tests.quality_months import BEGIN, SINGLE_PHASE, month

BAND = point_band(SINGLE_PHASE)


def test_a_day_has_its_extremes_its_mean_by_time_and_its_rate() -> None:
    """Two readings of the first day, 30 and 10 minutes; none of the second; one of the third."""
    volts = np.array([220.0, 240.0, np.nan, 230.0])
    given = month({Quantity.VOLTAGE_A: volts}, point=SINGLE_PHASE, period_s=57_600.0)
    standing = Standing(volts=volts, minutes=np.array([30.0, 10.0, 15.0, 15.0]))
    assert daily_curve(given, BAND, standing) == [
        ["2026-09-01", 220.0, 225.0, 240.0, 75.0],
        ["2026-09-03", 230.0, 230.0, 230.0, 100.0],
    ]


def test_a_month_without_readings_has_no_days() -> None:
    nothing = Standing(volts=np.empty(0), minutes=np.empty(0))
    assert daily_curve(month(point=SINGLE_PHASE), BAND, nothing) == []
    assert outside_stretches(month(point=SINGLE_PHASE), BAND, nothing) == []


def test_a_stretch_ends_with_its_side_or_a_gap() -> None:
    volts = np.array([236.0, 237.0, 197.0, np.nan, 196.0, 220.0, 238.0])
    given = month({Quantity.VOLTAGE_A: volts}, point=SINGLE_PHASE)
    standing = Standing(volts=volts, minutes=np.full(7, 15.0))
    starts = [(BEGIN + n * timedelta(minutes=15)).isoformat() for n in range(7)]
    assert outside_stretches(given, BAND, standing) == [
        [starts[0], "over", 30.0, 237.0],
        [starts[2], "under", 15.0, 197.0],
        [starts[4], "under", 15.0, 196.0],
        [starts[6], "over", 15.0, 238.0],
    ]


def test_of_many_stretches_the_longest_are_kept_in_order() -> None:
    volts = np.where(np.arange(1000) % 2, 240.0, 220.0)
    given = month({Quantity.VOLTAGE_A: volts}, point=SINGLE_PHASE)
    minutes = np.full(1000, 15.0)
    minutes[901] = 20.0
    found = outside_stretches(given, BAND, Standing(volts=volts, minutes=minutes))
    assert len(found) == MOST_STRETCHES
    assert [row[2] for row in found if isinstance(row, list)][-1] == 20.0
