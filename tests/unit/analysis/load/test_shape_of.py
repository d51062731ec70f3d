from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.load.shape_of import LoadShape, load_shape
from analysis.load.shapes import shape_classes
from pipeline.tariff import Tariff
from pipeline.timegrid import slot_grid

SHANGHAI = ZoneInfo("Asia/Shanghai")
BEGAN = datetime(2026, 3, 1, 16, tzinfo=UTC)
"""Monday, March 2nd 2026 in Shanghai."""
AT = slot_grid(BEGAN, BEGAN + timedelta(days=28), 15)


def _office() -> np.ndarray:
    hour = np.arange(len(AT)) // 4 % 24
    day = np.arange(len(AT)) // 96 % 7
    return np.where((day < 5) & (hour >= 8) & (hour < 18), 20.0, 2.0)


def _shape(
    kwh: np.ndarray, tariff: Tariff | None = None, temperatures: dict[date, float] | None = None
) -> LoadShape | None:
    return load_shape(kwh, AT, 15, SHANGHAI, shape_classes(), tariff=tariff, temperatures=temperatures)


def test_a_class_comes_with_its_words_score_and_features() -> None:
    found = _shape(_office())
    assert found is not None
    assert (found.shape, found.score, found.coverage) == ("office", 1.0, 1.0)
    assert found.en.startswith("office")
    assert found.zh.startswith("办公")
    assert found.next_score < found.score
    # 10 h of 80 kWh and 14 h of 8 kWh: 912 kWh; on days off 192 kWh.
    assert found.features["kwh_a_day"] == 912.0
    assert found.features["sunday"] == pytest.approx(192 / 912)
    assert found.features["cold"] is None


def test_power_that_flows_back_is_generation() -> None:
    kwh = _office()
    kwh[(np.arange(len(AT)) // 4 % 24 >= 10) & (np.arange(len(AT)) // 4 % 24 < 14)] = -5.0
    found = _shape(kwh)
    assert found is not None
    assert found.shape == "generation"


def test_holidays_of_the_tariff_are_days_off() -> None:
    kwh = _office()
    kwh[4 * 96 : 5 * 96] = 2.0  # Friday the 6th
    plain, told = _shape(kwh), _shape(kwh, Tariff(id="T", holidays=(date(2026, 3, 6),)))
    assert plain is not None
    assert told is not None
    assert told.features["kwh_a_day"] == 912.0
    assert plain.features["kwh_a_day"] == pytest.approx((19 * 912 + 192) / 20)


def test_temperatures_tell_heating() -> None:
    days = np.arange(len(AT)) // 96
    mean_c = {date(2026, 3, 2) + timedelta(days=n): n - 14.0 for n in range(28)}
    found = _shape(100.0 - days, temperatures=mean_c)
    assert found is not None
    assert found.shape == "heat_pump"


def test_a_week_is_too_little_to_say() -> None:
    kwh = _office()
    kwh[7 * 96 :] = np.nan
    assert _shape(kwh) is None


def test_last_months_class_stays_where_another_fits_a_little_better() -> None:
    # A third of the day's power all night long: a shop with its fridges, or an office that leaves much on.
    hour = np.arange(len(AT)) // 4 % 24
    day = np.arange(len(AT)) // 96 % 7
    kwh = np.where((day < 5) & (hour >= 8) & (hour < 18), 20.0, 7.0)
    alone, kept, strange = (
        load_shape(kwh, AT, 15, SHANGHAI, shape_classes(), before=before)
        for before in (None, "office", "a class of another edition")
    )
    assert alone is not None
    assert kept is not None
    assert (alone.shape, kept.shape) == ("shop", "office")
    assert 0.5 < kept.score < alone.score
    assert strange == alone
