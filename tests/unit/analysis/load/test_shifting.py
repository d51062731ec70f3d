from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.load.levels import load_levels
from analysis.load.shifting import shifting
from pipeline.tariff import DaySchedule, EnergyCharge, Period, Span, Tariff
from pipeline.timegrid import local_day, slot_grid

ZONE = ZoneInfo("Asia/Shanghai")
LEVELS = load_levels().advice
AT = slot_grid(*local_day(date(2026, 3, 2), ZONE), 15)
NIGHT_AND_MORNING = DaySchedule(
    spans=(
        Span(from_minute=0, to_minute=480, period=Period.VALLEY),
        Span(from_minute=480, to_minute=720, period=Period.PEAK),
    )
)
PRICES = {Period.PEAK: Decimal("1.00"), Period.FLAT: Decimal("0.60"), Period.VALLEY: Decimal("0.30")}
TARIFF = Tariff(id="T", schedules=(NIGHT_AND_MORNING,), charges=(EnergyCharge(item="energy", prices=PRICES),))


def _kwh(valley: float, peak: float, flat: float) -> np.ndarray:
    return np.concatenate([np.full(32, valley), np.full(16, peak), np.full(48, flat)])


def test_a_tenth_of_the_peak_by_hand() -> None:
    # 16 x 10 kWh of peak: 16 kWh moved save 0.70 yuan each: 11.20 yuan. Room: 32 x (10 - 2) = 256 kWh.
    found = shifting(_kwh(2.0, 10.0, 5.0), AT, ZONE, TARIFF, LEVELS)
    assert found is not None
    assert found.saving_yuan == Decimal("11.20")
    assert found.quantities["moved_kwh"] == 16.0
    assert found.quantities["cheap_room_kwh"] == 256.0
    assert found.prices == {"dear_yuan_per_kwh": Decimal("1.00"), "cheap_yuan_per_kwh": Decimal("0.30")}
    assert "from peak to valley" in found.en


def test_the_night_takes_only_what_makes_no_new_maximum() -> None:
    # The valley stands at 9.9 of 10 kWh: 32 x 0.1 = 3.2 kWh are all it takes.
    found = shifting(_kwh(9.9, 10.0, 5.0), AT, ZONE, TARIFF, LEVELS)
    assert found is not None
    assert found.quantities["moved_kwh"] == pytest.approx(3.2)
    assert found.saving_yuan == Decimal("2.24")


def test_nothing_is_advised_where_nothing_can_be_moved_or_gained() -> None:
    flat_price = Tariff(
        id="F", schedules=TARIFF.schedules, charges=(EnergyCharge(item="e", price=Decimal("0.5")),)
    )
    assert shifting(_kwh(2.0, 10.0, 5.0), AT, ZONE, flat_price, LEVELS) is None
    assert shifting(_kwh(2.0, 0.0, 5.0), AT, ZONE, TARIFF, LEVELS) is None
    assert shifting(_kwh(2.0, 10.0, 5.0), AT, ZONE, Tariff(id="E"), LEVELS) is None
    assert shifting(np.full(96, np.nan), AT, ZONE, TARIFF, LEVELS) is None
