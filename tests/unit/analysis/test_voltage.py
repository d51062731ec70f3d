from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.limits import voltage_band
from analysis.voltage import daily_qualification, qualification
from pipeline.model import MeterId
from pipeline.registry import Meter, Wiring

BAND = voltage_band(Meter(id=MeterId("m"), wiring=Wiring.ONE_PHASE))
HOUR = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 1, tzinfo=UTC))


def _times(*at: str) -> np.ndarray:
    return np.array([f"2026-01-01T{clock}" for clock in at], dtype="datetime64[us]")


def test_time_outside_the_band_is_weighted_by_minutes() -> None:
    # 220 V for 30 min, 236 V for 10 min, 197 V for 5 min, 221 V for 15 min: 1 - 15/60 = 75 %.
    taken_at = _times("00:00", "00:15", "00:30", "00:40", "00:45")
    volts = np.array([220.0, 220.0, 236.0, 197.0, 221.0])
    found = qualification(taken_at, volts, BAND, stretch=HOUR, hold_s=900)
    assert (found.monitored_minutes, found.over_minutes, found.under_minutes) == (60, 10, 5)
    assert found.qualified_percent == pytest.approx(75.0)
    assert (found.highest_v, found.lowest_v) == (236.0, 197.0)
    assert found.highest_at == datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
    assert found.lowest_at == datetime(2026, 1, 1, 0, 40, tzinfo=UTC)
    assert found.coverage == 1.0


def test_a_gap_is_not_monitored_time() -> None:
    taken_at = _times("00:00", "00:15", "00:30", "00:45")
    volts = np.array([220.0, np.nan, np.nan, 240.0])
    found = qualification(taken_at, volts, BAND, stretch=HOUR, hold_s=900)
    assert found.qualified_percent == pytest.approx(50.0)
    assert found.coverage == 0.5


def test_a_sample_stands_no_longer_than_its_period() -> None:
    found = qualification(_times("00:00"), np.array([220.0]), BAND, stretch=HOUR, hold_s=60)
    assert found.monitored_minutes == 1.0


def test_an_outage_is_not_monitored_time() -> None:
    taken_at = _times("00:00", "00:15", "00:30", "00:45")
    volts = np.array([220.0, 0.0, 3.0, 220.0])
    found = qualification(taken_at, volts, BAND, stretch=HOUR, hold_s=900)
    assert found.qualified_percent == 100.0
    assert found.under_minutes == 0.0
    assert found.lowest_v == 220.0
    assert found.coverage == 0.5


def test_nothing_known_gives_no_rate() -> None:
    found = qualification(_times("00:00"), np.array([np.nan]), BAND, stretch=HOUR, hold_s=900)
    assert found.qualified_percent is None
    assert found.highest_v is None
    assert found.coverage == 0.0


def test_the_limits_themselves_are_inside_the_band() -> None:
    found = qualification(
        _times("00:00", "00:30"), np.array([BAND.low_v, BAND.high_v]), BAND, stretch=HOUR, hold_s=1800
    )
    assert found.qualified_percent == 100.0


def test_a_limit_kept_in_single_precision_is_inside_too() -> None:
    """One step of single precision above a limit is no excess."""
    volts = np.array([np.float32(198.0), np.float32(235.4)], dtype=np.float64) * (1.0 + 2.0**-23)
    found = qualification(_times("00:00", "00:30"), volts, BAND, stretch=HOUR, hold_s=1800)
    assert found.qualified_percent == 100.0


def test_known_outages_are_no_monitored_time() -> None:
    """Of the hour 00:05 to 00:15, 00:40 to 00:45 and from 00:55 on are dark."""
    dark = [
        (datetime(2026, 1, 1, 0, 5, tzinfo=UTC), datetime(2026, 1, 1, 0, 15, tzinfo=UTC)),
        (datetime(2026, 1, 1, 0, 40, tzinfo=UTC), datetime(2026, 1, 1, 0, 45, tzinfo=UTC)),
        (datetime(2026, 1, 1, 0, 55, tzinfo=UTC), datetime(2026, 1, 1, 3, tzinfo=UTC)),
    ]
    taken_at = _times("00:00", "00:15", "00:30", "00:45")
    volts = np.array([220.0, 240.0, 190.0, 220.0])
    found = qualification(taken_at, volts, BAND, stretch=HOUR, hold_s=900, outages=dark)
    assert (found.monitored_minutes, found.over_minutes, found.under_minutes) == pytest.approx((40, 15, 10))


def test_days_are_local() -> None:
    taken_at = _times("15:00", "15:30", "16:00")  # 16:00 UTC is midnight in Shanghai
    volts = np.array([220.0, 240.0, 220.0])
    found = daily_qualification(taken_at, volts, BAND, zone=ZoneInfo("Asia/Shanghai"), hold_s=1800)
    assert list(found) == [date(2026, 1, 1), date(2026, 1, 2)]
    assert found[date(2026, 1, 1)].qualified_percent == pytest.approx(50.0)
    assert found[date(2026, 1, 2)].qualified_percent == 100.0


def test_no_samples_no_days() -> None:
    assert daily_qualification(_times(), np.array([]), BAND, zone=ZoneInfo("UTC"), hold_s=60) == {}
