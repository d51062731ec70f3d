from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.load.daily import daily_load
from pipeline.block import Times
from pipeline.errors import DataError
from pipeline.timegrid import slot_grid

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
NAN = np.nan


def _day(minutes: int = 15) -> Times:
    """The local day 2026-01-02 in Shanghai."""
    return slot_grid(datetime(2026, 1, 1, 16, tzinfo=UTC), datetime(2026, 1, 2, 16, tzinfo=UTC), minutes)


def test_a_day_of_two_levels_by_hand() -> None:
    # 72 blocks of 2.5 kWh (10 kW), 23 of 5 kWh (20 kW), one of 10 kWh (40 kW): 180 + 115 + 10 = 305 kWh.
    kwh = np.full((1, 96), 2.5)
    kwh[0, 40:63] = 5.0
    kwh[0, 50] = 5.0
    kwh[0, 63] = 10.0
    (found,) = daily_load(kwh, _day(), 15, SHANGHAI)
    assert found.day == date(2026, 1, 2)
    assert found.energy_kwh[0] == pytest.approx(305.0)
    assert found.max_kw[0] == 40.0
    assert found.max_at[0] == np.datetime64("2026-01-02T07:45")  # 15:45 in Shanghai
    assert found.min_kw[0] == 10.0
    assert found.min_at[0] == np.datetime64("2026-01-01T16:00")
    assert found.mean_kw[0] == pytest.approx(305.0 / 24.0)
    assert found.load_factor[0] == pytest.approx(305.0 / 24.0 / 40.0)
    assert found.coverage[0] == 1.0
    assert found.curve_kw.shape == (1, 96)


def test_missing_blocks_lower_the_coverage_and_are_not_zero() -> None:
    kwh = np.full((2, 96), 1.0)
    kwh[0, :24] = NAN
    kwh[1, :] = NAN
    (found,) = daily_load(kwh, _day(), 15, SHANGHAI)
    assert found.coverage.tolist() == [0.75, 0.0]
    assert found.energy_kwh[0] == 72.0
    assert found.mean_kw[0] == 4.0
    assert found.min_kw[0] == 4.0
    assert np.isnan([found.energy_kwh[1], found.max_kw[1], found.load_factor[1]]).all()
    assert np.isnat(found.max_at[1])


def test_an_idle_day_has_no_load_factor() -> None:
    (found,) = daily_load(np.zeros((1, 96)), _day(), 15, SHANGHAI)
    assert found.max_kw[0] == 0.0
    assert np.isnan(found.load_factor[0])


def test_short_slots_are_joined_into_blocks_of_demand() -> None:
    kwh = np.zeros((1, 288))
    kwh[0, 3:6] = [1.0, 2.0, 3.0]
    kwh[0, 6] = NAN
    (found,) = daily_load(kwh, _day(5), 5, SHANGHAI)
    assert found.max_kw[0] == 24.0
    assert found.max_at[0] == np.datetime64("2026-01-01T16:15")
    assert found.coverage[0] == pytest.approx(95 / 96)
    assert found.block_minutes == 15


def test_hourly_slots_stay_hourly() -> None:
    (found,) = daily_load(np.full((1, 24), 7.0), _day(60), 60, SHANGHAI)
    assert found.max_kw[0] == 7.0
    assert found.block_minutes == 60


@pytest.mark.parametrize(("day", "blocks"), [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100)])
def test_a_day_with_a_clock_change_has_23_or_25_hours(day: date, blocks: int) -> None:
    starts_at = slot_grid(
        datetime(day.year, day.month, day.day - 1, 12, tzinfo=UTC),
        datetime(day.year, day.month, day.day, 20, tzinfo=UTC),
        15,
    )
    found = {load.day: load for load in daily_load(np.ones((1, len(starts_at))), starts_at, 15, BERLIN)}
    assert found[day].curve_kw.shape == (1, blocks)
    assert found[day].mean_kw[0] == 4.0


def test_no_slots_no_days() -> None:
    assert daily_load(np.zeros((3, 0)), np.array([], dtype="datetime64[us]"), 15, SHANGHAI) == []


def test_slots_off_the_day_are_refused() -> None:
    starts_at = _day() + np.timedelta64(60_000_000, "us")
    with pytest.raises(DataError, match="not aligned with the local day"):
        daily_load(np.zeros((1, 96)), starts_at, 15, SHANGHAI)


def test_slots_that_do_not_fill_a_block_are_refused() -> None:
    with pytest.raises(DataError, match="do not fill"):
        daily_load(np.zeros((1, 10)), _day()[:10], 10, SHANGHAI)
