"""How good stored forecasts were, by a calculation by hand."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from pipeline.model import MeterId
from pipeline.timegrid import slot_grid
from services.forecast_skill import forecast_skill
from storage.forecasts import StoredForecast

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
TIMES = slot_grid(FIRST, FIRST + timedelta(days=9), 15)


def _forecast(day: int, p50: float) -> StoredForecast:
    starts_at = FIRST + timedelta(days=day)
    return StoredForecast(
        meter=MeterId("M"),
        starts_at=starts_at,
        model="blend",
        minutes=15,
        p10=[p50 - 1.0] * 192,
        p50=[p50] * 192,
        p90=[p50 + 1.0] * 192,
        max_p50_kw=None,
        max_p90_kw=None,
        month=starts_at.date().replace(day=1),
        month_so_far_kw=None,
        month_so_far_coverage=None,
        month_p50_kw=None,
        month_p90_kw=None,
    )


def test_errors_are_of_the_first_day_and_beside_the_week_before() -> None:
    # 10 kWh a slot in the first week, 12 on the eighth day, 8 on the ninth.
    kwh = np.repeat([10.0] * 7 + [12.0, 8.0], 96)
    skill = forecast_skill([_forecast(7, 11.0), _forecast(8, 10.0)], TIMES, kwh, FIRST + timedelta(days=9))
    assert skill is not None
    assert (skill.days, skill.slots) == (2, 192)
    # P50 is 1 off and then 2, of a mean of 10; the week before 2 and 2. In the band lies the first day alone.
    assert skill.error_percent == pytest.approx(15.0)
    assert skill.week_error_percent == pytest.approx(20.0)
    assert skill.skill == pytest.approx(0.25)
    assert skill.inside_share == pytest.approx(0.5)


def test_nothing_is_said_of_what_is_not_over_or_not_known() -> None:
    kwh = np.full(len(TIMES), 10.0)
    assert forecast_skill([], TIMES, kwh, FIRST) is None
    assert forecast_skill([_forecast(8, 10.0)], TIMES, kwh, FIRST + timedelta(days=8, hours=20)) is None
    assert (
        forecast_skill([_forecast(8, 10.0)], TIMES, np.full(len(TIMES), np.nan), FIRST + timedelta(days=9))
        is None
    )
    assert forecast_skill([_forecast(8, 10.0)], TIMES[:0], kwh[:0], FIRST + timedelta(days=9)) is None
