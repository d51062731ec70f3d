from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.load.blocks import Peak, demand_blocks
from analysis.load.curve import curve_statistics
from pipeline.errors import DataError
from pipeline.timegrid import local_day, local_month, slot_grid

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
NAN = np.nan


def _two_days() -> tuple[np.ndarray, np.ndarray]:
    """January 5th and 6th 2026 in Shanghai, slots of 15 minutes."""
    at = slot_grid(datetime(2026, 1, 4, 16, tzinfo=UTC), datetime(2026, 1, 6, 16, tzinfo=UTC), 15)
    # Day one: 96 blocks of 2.5 kWh (10 kW). Day two: 72 of 2.5 kWh, 23 of 5 kWh, one of 10 kWh (40 kW).
    kwh = np.full(192, 2.5)
    kwh[96 + 40 : 96 + 63] = 5.0
    kwh[96 + 63] = 10.0
    return kwh, at


def test_two_days_by_hand() -> None:
    # 240 kWh + (180 + 115 + 10 = 305) kWh = 545 kWh in 48 h: 11.354 kW. 15:45 is the block with 40 kW.
    kwh, at = _two_days()
    found = curve_statistics(demand_blocks(kwh, at, 15), SHANGHAI)
    assert found.coverage == 1.0
    assert found.energy_kwh == pytest.approx(545.0)
    assert found.mean_kw == pytest.approx(545.0 / 48.0)
    assert found.maximum == Peak(kw=40.0, at=datetime(2026, 1, 6, 7, 45, tzinfo=UTC))
    assert found.minimum == Peak(kw=10.0, at=datetime(2026, 1, 4, 16, tzinfo=UTC))
    assert found.load_factor == pytest.approx(545.0 / 48.0 / 40.0)
    assert found.minimum_ratio == 0.25
    assert found.peak_valley_kw == 30.0
    assert found.peak_valley_rate == 0.75
    assert found.utilisation_hours == pytest.approx(545.0 / 40.0)


def test_the_96_points_are_means_by_the_clock_and_the_peak_day_is_its_own() -> None:
    kwh, at = _two_days()
    kwh[0] = NAN
    found = curve_statistics(demand_blocks(kwh, at, 15), SHANGHAI)
    assert len(found.mean_curve_kw) == 96
    assert found.mean_curve_kw[0] == 10.0  # of the second day alone
    assert found.mean_curve_blocks[0] == 1
    assert found.mean_curve_kw[40] == 15.0  # 10 and 20 kW
    assert found.mean_curve_kw[63] == 25.0  # 10 and 40 kW
    assert found.mean_curve_blocks[63] == 2
    assert found.peak_day is not None
    assert found.peak_day.day == date(2026, 1, 6)
    assert found.peak_day.kw[63] == 40.0
    assert len(found.peak_day.kw) == 96


def test_gaps_lower_the_coverage_and_are_in_no_figure() -> None:
    kwh, at = _two_days()
    kwh[96:] = NAN
    found = curve_statistics(demand_blocks(kwh, at, 15), SHANGHAI)
    assert found.coverage == 0.5
    assert found.energy_kwh == 240.0
    assert found.load_factor == 1.0
    assert found.utilisation_hours == 24.0


def test_nothing_known_is_none_and_not_zero() -> None:
    kwh, at = _two_days()
    found = curve_statistics(demand_blocks(kwh * NAN, at, 15), SHANGHAI)
    assert found.coverage == 0.0
    figures = (found.energy_kwh, found.maximum, found.mean_kw, found.load_factor, found.utilisation_hours)
    assert figures == (None,) * 5
    assert set(found.mean_curve_kw) == {None}
    assert found.peak_day is None


def test_power_that_flows_back_is_negative() -> None:
    # 12 h of 20 kW drawn, 12 h of 30 kW fed back: 240 - 360 = -120 kWh, -5 kW on average.
    at = slot_grid(datetime(2026, 1, 4, 16, tzinfo=UTC), datetime(2026, 1, 5, 16, tzinfo=UTC), 15)
    kwh = np.repeat([5.0, -7.5], 48)
    found = curve_statistics(demand_blocks(kwh, at, 15), SHANGHAI)
    assert found.energy_kwh == pytest.approx(-120.0)
    assert found.mean_kw == pytest.approx(-5.0)
    assert found.load_factor == pytest.approx(-0.25)
    assert found.minimum is not None
    assert found.minimum.kw == -30.0
    assert found.peak_valley_kw == 50.0
    assert found.peak_valley_rate == 2.5


def test_who_only_feeds_back_has_no_ratio_to_a_maximum() -> None:
    at = slot_grid(datetime(2026, 1, 4, 16, tzinfo=UTC), datetime(2026, 1, 5, 16, tzinfo=UTC), 15)
    found = curve_statistics(demand_blocks(np.full(96, -1.0), at, 15), SHANGHAI)
    assert found.maximum is not None
    assert found.maximum.kw == -4.0
    ratios = (found.load_factor, found.minimum_ratio, found.peak_valley_rate, found.utilisation_hours)
    assert ratios == (None,) * 4


@pytest.mark.parametrize(
    ("day", "blocks", "two_o_clock"),
    [(date(2026, 3, 29), 92, 0), (date(2026, 10, 25), 100, 2)],
)
def test_days_of_23_and_25_hours(day: date, blocks: int, two_o_clock: int) -> None:
    # One kWh a block is 4 kW: 92 or 100 kWh. The hour from 2 to 3 is never in March and twice in October.
    starts_at, ends_at = local_day(day, BERLIN)
    at = slot_grid(starts_at, ends_at, 15)
    found = curve_statistics(demand_blocks(np.ones(len(at)), at, 15), BERLIN)
    assert found.energy_kwh == blocks
    assert found.mean_kw == 4.0
    assert found.utilisation_hours == blocks / 4
    assert found.mean_curve_blocks[8] == two_o_clock
    assert found.mean_curve_kw[8] == (4.0 if two_o_clock else None)
    assert found.mean_curve_blocks[12] == 1
    assert found.peak_day is not None
    assert len(found.peak_day.kw) == blocks
    assert found.peak_day.starts_at == starts_at


def test_a_month_with_a_day_of_23_hours_is_an_hour_short() -> None:
    # March 2026 in Berlin: 31 x 24 - 1 = 743 h at 2 kW: 1486 kWh.
    at = slot_grid(*local_month(2026, 3, BERLIN), 15)
    found = curve_statistics(demand_blocks(np.full(len(at), 0.5), at, 15), BERLIN)
    assert found.energy_kwh == pytest.approx(1486.0)
    assert found.utilisation_hours == pytest.approx(743.0)
    assert found.mean_curve_blocks[8] == 30
    assert found.mean_curve_blocks[0] == 31


def test_hours_of_a_zone_with_half_an_hour_are_refused() -> None:
    at = slot_grid(datetime(2026, 1, 4, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC), 60)
    with pytest.raises(DataError, match="not aligned with the local day"):
        curve_statistics(demand_blocks(np.ones(24), at, 60), ZoneInfo("Asia/Kolkata"))


def test_blocks_that_do_not_fill_a_day_are_refused() -> None:
    at = slot_grid(datetime(2026, 1, 4, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC), 50)
    with pytest.raises(DataError, match="no whole number of blocks of 50 min"):
        curve_statistics(demand_blocks(np.ones(len(at)), at, 50), SHANGHAI)
